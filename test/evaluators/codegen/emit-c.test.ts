import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { UnsupportedNodesError } from '../../../evaluators/codegen/codegen-error.ts';
import { emitC } from '../../../evaluators/codegen/emit/emit-c.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { tensor } from '../../../evaluators/ir/tensor.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { smallGraph } from '../../support/small-graph.ts';

const HOSTILE = '*/ }\n#include "/etc/passwd"\n"); system("id"); //';

/** conv 2×2 with two channels in and out, ReLU folded, flatten, fc: the weights of fc follow the channels-last order. */
function tinyNetwork(name = 'conv1'): Graph {
  const count = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 5) - 2);
  return smallGraph({
    inputs: { x: [1, 2, 3, 3] },
    initializers: {
      w: tensor('float32', [2, 2, 2, 2], count(16)),
      b: tensor('float32', [2], Float32Array.of(0.5, -0.25)),
      v: tensor('float32', [8, 2], count(16)),
    },
    nodes: [
      {
        name,
        op: {
          kind: 'Conv',
          group: 1,
          kernelShape: [2, 2],
          strides: [1, 1],
          dilations: [1, 1],
          pads: [0, 0, 0, 0],
          clamp: { min: 0, max: Number.POSITIVE_INFINITY },
        },
        inputs: ['x', 'w', 'b'],
        outputs: ['h'],
      },
      { name: 'flatten', op: { kind: 'Reshape', shape: [1, 8] }, inputs: ['h'], outputs: ['f'] },
      {
        name: 'fc',
        op: { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: false },
        inputs: ['f', 'v', ''],
        outputs: ['y'],
      },
    ],
    values: { h: [1, 2, 2, 2], f: [1, 8], y: [1, 2] },
    outputs: ['y'],
  });
}

test('the C of a tiny network is the golden one', () => {
  const { files } = emitC(lower(tinyNetwork(), board('pico'), { prefix: 'tiny' }));
  for (const path of ['tiny.h', 'tiny.c', 'tiny_weights.h', 'tiny.map.json']) {
    const golden = new URL(`../../golden/emit-c/${path}`, import.meta.url);
    const text = files.find((file) => file.path === path)?.text;
    assert.ok(text !== undefined);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'), path);
  }
});

test('names from the model reach only the map', () => {
  const { files } = emitC(lower(tinyNetwork(HOSTILE), board('pico')));
  const plain = emitC(lower(tinyNetwork(), board('pico')));
  for (const { path, text } of files) {
    if (path.endsWith('.json')) assert.equal(JSON.parse(text).layers[0].name, HOSTILE);
    else assert.equal(text, plain.files.find((file) => file.path === path)?.text);
  }
});

test('the flattened image meets its weights', { skip: isMissing(hostToolchain()) && 'no C compiler' }, async () => {
  const graph = tinyNetwork();
  const built = await buildHost(lower(graph, board('host')), temporaryCache());
  assert.ok(built.kind === 'built');
  const x = Float32Array.from({ length: 18 }, (_, i) => ((i * 7) % 11) - 5);
  const { outputs } = await runHost(built, [[new Uint8Array(x.buffer)]]);
  const w = Float32Array.from({ length: 16 }, (_, i) => (i % 5) - 2);
  const hidden: number[] = [];
  for (let m = 0; m < 2; m++) {
    for (let p = 0; p < 4; p++) {
      let sum = m === 0 ? 0.5 : -0.25;
      for (let c = 0; c < 2; c++) {
        for (let k = 0; k < 4; k++) {
          const row = Math.floor(p / 2) + Math.floor(k / 2);
          sum += (w[(m * 2 + c) * 4 + k] ?? 0) * (x[c * 9 + row * 3 + (p % 2) + (k % 2)] ?? 0);
        }
      }
      hidden.push(Math.max(0, sum));
    }
  }
  const expected = [0, 1].map((j) => hidden.reduce((sum, h, i) => sum + h * (w[i * 2 + j] ?? 0), 0));
  assert.deepEqual([...new Float32Array((outputs[0]?.[0] ?? new Uint8Array()).slice().buffer)], expected);
});

test('every node without a kernel is named at once', () => {
  const pool = { kind: 'GlobalPool', fn: 'Lp', p: 3 } as const;
  const graph = smallGraph({
    inputs: { x: [1, 2, 3, 3] },
    nodes: [
      { name: 'first', op: pool, inputs: ['x'], outputs: ['h'] },
      { name: 'between', op: { kind: 'Reshape', shape: [1, 2, 1, 1] }, inputs: ['x'], outputs: ['f'] },
      { name: 'second', op: pool, inputs: ['f'], outputs: ['y'] },
    ],
    values: { h: [1, 2, 1, 1], f: [1, 2, 1, 1], y: [1, 2, 1, 1] },
    outputs: ['h', 'y'],
  });
  assert.throws(
    () => lower(graph, board('pico')),
    (error) => {
      assert.ok(error instanceof UnsupportedNodesError);
      assert.deepEqual(
        error.nodes.map(({ node }) => node),
        ['first', 'second'],
      );
      return true;
    },
  );
});

test('a prefix that is no identifier is refused', () => {
  for (const prefix of ['', '9a', 'a b', 'a"', 'Net', '../x', 'a'.repeat(40)]) {
    assert.throws(() => lower(tinyNetwork(), board('pico'), { prefix }), RangeError);
  }
});
