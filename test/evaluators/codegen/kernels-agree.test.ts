/**
 * Kernels written for one core compute what the interpreter computes, byte for byte: their portable form on this computer and their
 * machine code on the virtual core, over random shapes and extreme values.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOnCore } from '../../../bench/support/network-on-core.ts';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { armToolchain, hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { type Byte, type IntegerLayerCase, integerLayers } from '../../support/integer-network.ts';
import {
  type LayerChoices,
  randomBytes,
  randomDepthwiseLayers,
  randomGroupedLayers,
  randomIntegerLayers,
} from '../../support/random-integer-layers.ts';

const cache = temporaryCache();
const noHost = isMissing(hostToolchain()) ? 'no C compiler' : false;
const noArm = isMissing(armToolchain()) ? 'no Arm compiler' : false;

function expected(graph: Graph, dtype: Byte, bytes: Uint8Array): Uint8Array {
  const shape = [1, bytes.length];
  const x = dtype === 'uint8' ? tensor('uint8', shape, bytes) : tensor('int8', shape, new Int8Array(bytes.buffer));
  const y = interpret(graph, new Map([['x', x]])).get('y');
  assert.ok(y !== undefined);
  return new Uint8Array(y.data.buffer, y.data.byteOffset, y.data.byteLength);
}

/** Index of the layer whose result differs first, for the message. */
function firstWrong(
  cases: readonly { readonly y: readonly number[] }[],
  actual: Uint8Array,
  wanted: Uint8Array,
): string {
  const at = actual.findIndex((value, i) => value !== wanted[i]);
  if (at < 0) return '';
  let end = 0;
  const layer = cases.findIndex(({ y }) => {
    end += y.reduce((product, size) => product * size, 1);
    return at < end;
  });
  return `layer ${layer} differs: ${JSON.stringify(cases[layer], (key, value) => (key === 'tensors' ? undefined : value))}`;
}

const CHOICES: readonly LayerChoices[] = [
  { dtype: 'int8', asymmetric: false, fullRange: false },
  { dtype: 'uint8', asymmetric: true, fullRange: true },
];

/** A core, and a board that has it. */
const SETS = [
  { kernels: 'cortex-m0plus', name: 'pico' },
  { kernels: 'cortex-m4f', name: 'nano33ble' },
] as const;

/** Layers of one network: few, since planning the memory of many independent layers takes long. */
const LAYERS = 4;
const SEEDS = Array.from({ length: Number(process.env['KERNEL_SEEDS'] ?? 3) }, (_, seed) => seed + 1);

for (const choices of CHOICES) {
  const { dtype } = choices;
  const networkOf = (seed: number, cases: readonly IntegerLayerCase[]) => {
    const { graph, inputBytes } = integerLayers(dtype, cases);
    return { cases, graph, bytes: randomBytes(seed, inputBytes) };
  };
  const inGroups = SEEDS.slice(0, Math.ceil(SEEDS.length / 2)).map((seed) =>
    networkOf(seed, randomGroupedLayers(seed, LAYERS - 1, choices)),
  );
  const networks = [
    ...SEEDS.map((seed) => networkOf(seed, randomIntegerLayers(seed, LAYERS, choices))),
    ...SEEDS.map((seed) => networkOf(seed, randomDepthwiseLayers(seed, LAYERS, choices))),
    ...inGroups,
  ];

  for (const { kernels, name } of SETS) {
    test(`${dtype}: ${name} computes groups in parts, but not where RAM is all that matters`, () => {
      for (const { graph } of inGroups) {
        const [fast, small] = [lower(graph, board(name)), lower(graph, board(name), { optimize: 'ram' })];
        const ofConvolutions = fast.steps.filter(({ layer }) => fast.layers[layer]?.op === 'QLinearConv');
        assert.ok(ofConvolutions.some(({ kernel }) => kernel === 'dnnrt_copy_runs'));
        assert.ok(small.arenaBytes <= fast.arenaBytes);
      }
    });

    test(`${dtype}: the portable form of the kernels for ${kernels} agrees with the interpreter`, {
      skip: noHost,
    }, async () => {
      for (const { cases, graph, bytes } of networks) {
        const built = await buildHost(lower(graph, board('host'), { kernels }), cache);
        assert.ok(built.kind === 'built');
        const [actual] = (await runHost(built, [[bytes]])).outputs[0] ?? [];
        assert.equal(firstWrong(cases, actual ?? new Uint8Array(), expected(graph, dtype, bytes)), '');
      }
    });

    test(`${dtype}: the kernels of ${name} agree with the interpreter on the virtual core`, {
      skip: noArm,
    }, async () => {
      for (const { cases, graph, bytes } of networks) {
        const run = await runOnCore(graph, board(name), [bytes], { kind: 'zeroWait' });
        assert.equal(firstWrong(cases, run.outputs[0] ?? new Uint8Array(), expected(graph, dtype, bytes)), '');
      }
    });
  }
}
