/** Nearest resizing by whole factors is one copy, whatever the order in which an image is stored. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Graph, interpret, lower, type Op, tensor } from '@tinypareto/evaluators';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { board } from '../../support/boards.ts';
import { buildHostBatch } from '../../support/host-batch.ts';
import { GraphWriter } from '../../support/unrolled-layers.ts';

const POOL: Op = {
  kind: 'MaxPool',
  kernelShape: [2, 2],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
  ceilMode: false,
  storageOrder: 0,
};

function resize(scales: readonly number[], shape: readonly number[], coordinates: string): Op {
  return {
    kind: 'Resize',
    mode: 'nearest',
    coordinates,
    nearestMode: coordinates === 'asymmetric' ? 'floor' : 'round_prefer_floor',
    cubicA: -0.75,
    excludeOutside: false,
    antialias: false,
    extrapolationValue: 0,
    scales,
    roi: [],
    shape,
  };
}

/** Behind a pool the image lies channels last. */
function network(pooled: boolean, op: Op): Graph {
  const g = new GraphWriter();
  const x = g.input('x', 1, 3, 5, 4);
  return g.finish([g.emit(op, pooled ? g.emit(POOL, x) : x)]);
}

const CASES: readonly (readonly [string, Graph, number])[] = [
  ['as it is', network(false, resize([1, 1, 2, 3], [1, 3, 10, 12], 'asymmetric')), 1],
  ['channels last', network(true, resize([1, 1, 3, 2], [1, 3, 12, 6], 'half_pixel')), 1],
  ['no whole factor', network(true, resize([1, 1, 1.5, 2], [1, 3, 6, 6], 'asymmetric')), 2],
];

test('repeated pixels are those of the interpreter', {
  skip: isMissing(hostToolchain()) ? 'no C compiler' : false,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'dnnrt-repeat-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const programs = CASES.map(([, graph], i) => lower(graph, board('host'), { prefix: `n${i}` }));
  const batch = await buildHostBatch(programs, folder);
  const data = Float32Array.from({ length: 60 }, (_, i) => (i * 37) % 61);
  for (const [i, [name, graph, resizes]] of CASES.entries()) {
    const results = interpret(graph, new Map([['x', tensor('float32', [1, 3, 5, 4], data)]]));
    const [[output = new Uint8Array()] = []] = await batch.run(i, [[new Uint8Array(data.buffer)]]);
    assert.deepEqual(
      [...new Float32Array(output.slice().buffer)],
      [...(results.get(graph.outputs[0])?.data ?? [])],
      name,
    );
    const layer = programs[i]?.layers.length ?? 0;
    const steps = programs[i]?.steps.filter((step) => step.layer === layer - 1) ?? [];
    assert.ok(steps.length >= resizes && resizes > 1 === steps.some(({ kernel }) => kernel === 'dnnrt_gather'), name);
  }
});
