import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { predictSizes } from '../../../evaluators/codegen/predict/predict-sizes.ts';
import type { UnaryFunction } from '../../../evaluators/ir/op.ts';
import { UNARY } from '../../../evaluators/ops/elementwise/unary-functions.ts';
import { board } from '../../support/boards.ts';
import { smallGraph } from '../../support/small-graph.ts';

/** Defined on integers and truth values only, which one kernel serves. */
const NEVER_FLOAT: readonly UnaryFunction[] = ['BitwiseNot', 'Not'];

it('has a kernel of measured size for every unary function of floats', () => {
  for (const fn of Object.keys(UNARY) as UnaryFunction[]) {
    if (NEVER_FLOAT.includes(fn)) continue;
    const graph = smallGraph({
      inputs: { x: [1, 4] },
      nodes: [{ name: 'n', op: { kind: 'Unary', fn, alpha: 0.5, beta: 0.5 }, inputs: ['x'], outputs: ['y'] }],
      values: { y: [1, 4] },
      outputs: ['y'],
    });
    for (const name of ['pico', 'nano33ble'] as const)
      assert.ok(predictSizes(lower(graph, board(name))).romBytes > 0, `${fn} on ${name}`);
  }
});
