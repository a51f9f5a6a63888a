/** Values that an operator cannot take come from the inputs of a network: the error names the node, the value and what is allowed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpret, tensor } from '@tinypareto/evaluators';
import { inputError } from '../../../src/runner/input-errors.ts';
import { GraphWriter } from '../../support/unrolled-layers.ts';

test('an index outside the table is the fault of the input', () => {
  const g = new GraphWriter();
  const x = g.input('x', 4, 2);
  const wanted = g.constant(tensor('int64', [1], BigInt64Array.of(4n)));
  const graph = g.finish([g.emit({ kind: 'Gather', axis: 0 }, x, wanted)]);
  const feeds = new Map([['x', tensor('float32', [4, 2], new Float32Array(8))]]);
  try {
    interpret(graph, feeds);
    assert.fail('nothing was thrown');
  } catch (error) {
    const described = inputError(error);
    assert.deepEqual([described?.code, described?.exitCode], ['INDEX_OUT_OF_RANGE', 65]);
    assert.match(described?.message ?? '', /node "node0" \(Gather\): index 4 is outside an axis of size 4/);
  }
});
