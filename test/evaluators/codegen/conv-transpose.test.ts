/**
 * Transposed convolutions in phases: what the interpreter computes up to the rounding of sums in float, with the same bits from every core,
 * for strides, gaps, borders and groups of every kind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '@tinypareto/optimizer';
import { runOnCore } from '../../../bench/support/network-on-core.ts';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { armToolchain, hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import type { KernelSet } from '../../../evaluators/codegen/kernels/kernel-set.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import type { Graph, Node } from '../../../evaluators/ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { smallGraph } from '../../support/small-graph.ts';

const cache = temporaryCache();
const skip = isMissing(hostToolchain()) || isMissing(armToolchain()) ? 'no C compiler, or none for Arm' : false;

interface Drawn {
  readonly graph: Graph;
  readonly x: Tensor;
  readonly text: string;
}

function drawn(seed: number): Drawn {
  const rng = createRng(seed, 0, 'conv-transpose');
  const integer = (low: number, high: number) => low + Math.floor(rng.nextFloat() * (high - low + 1));
  const floats = (shape: readonly number[]) =>
    tensor(
      'float32',
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => rng.nextNormal()),
    );
  const rank = integer(0, 3) === 0 ? 1 : 2;
  const group = integer(0, 3) === 0 ? integer(2, 3) : 1;
  const [channels, perGroup] = [group * integer(1, 3), integer(1, 5)];
  const strides = Array.from({ length: rank }, () => integer(1, 3));
  const dilations = strides.map(() => integer(1, 2));
  const kernelShape = strides.map((stride) => stride + integer(0, 2));
  const outputPadding = strides.map((stride) => integer(0, stride - 1));
  const sizes = strides.map(() => integer(2, 5));
  const begin = kernelShape.map((kernel) => integer(0, kernel - 1));
  const end = kernelShape.map((kernel) => integer(0, Math.min(1, kernel - 1)));
  const out = sizes.map(
    (size, i) =>
      (strides[i] ?? 1) * (size - 1) +
      (outputPadding[i] ?? 0) +
      ((kernelShape[i] ?? 1) - 1) * (dilations[i] ?? 1) +
      1 -
      (begin[i] ?? 0) -
      (end[i] ?? 0),
  );
  const bias = integer(0, 1) === 1;
  const initializers: Record<string, Tensor> = { w: floats([channels, perGroup, ...kernelShape]) };
  if (bias) initializers['b'] = floats([perGroup * group]);
  const op = {
    kind: 'ConvTranspose',
    group,
    kernelShape,
    strides,
    dilations,
    pads: [...begin, ...end],
    outputPadding,
    ...(integer(0, 2) === 0 ? { clamp: { min: -0.5, max: 2 } } : {}),
  } as const;
  const node: Node = { name: 't', op, inputs: bias ? ['x', 'w', 'b'] : ['x', 'w'], outputs: ['y'] };
  const shape = [1, channels, ...sizes];
  const values = { y: [1, perGroup * group, ...out.map((size) => Math.max(1, size))] };
  const graph = smallGraph({ inputs: { x: shape }, initializers, nodes: [node], values, outputs: ['y'] });
  return { graph, x: floats(shape), text: JSON.stringify({ op, shape }) };
}

/** Seeds whose outputs are not empty. */
const CASES = Array.from({ length: Number(process.env['KERNEL_SEEDS'] ?? 8) }, (_, seed) => drawn(seed)).filter(
  ({ graph }) => {
    const [node] = graph.nodes;
    return node !== undefined && sizesOf(node).every((size) => size >= 1);
  },
);

function sizesOf({ op }: Node): number[] {
  if (op.kind !== 'ConvTranspose') return [];
  return op.kernelShape.map((kernel, i) => {
    const rank = op.kernelShape.length;
    return (kernel - 1) * (op.dilations[i] ?? 1) + 3 - (op.pads[i] ?? 0) - (op.pads[i + rank] ?? 0);
  });
}

async function onHost(graph: Graph, kernels: KernelSet, bytes: Uint8Array): Promise<Uint8Array> {
  const built = await buildHost(lower(graph, board('host'), { kernels }), cache);
  assert.ok(built.kind === 'built');
  const [y] = (await runHost(built, [[bytes]])).outputs[0] ?? [];
  assert.ok(y !== undefined);
  return y;
}

test('transposed convolutions in phases agree with the interpreter, with the same bits on every core', {
  skip,
}, async () => {
  let inPhases = 0;
  for (const { graph, x, text } of CASES) {
    const bytes = new Uint8Array(x.data.buffer);
    const reference = await onHost(graph, 'reference', bytes);
    const y = new Float32Array(reference.buffer, reference.byteOffset, reference.byteLength / 4);
    const wanted = interpret(graph, new Map([['x', x]])).get('y');
    assert.equal(y.length, wanted?.data.length, text);
    y.forEach((value, i) => {
      assert.ok(Math.abs(value - Number(wanted?.data[i])) <= 1e-4, `${text}: ${value} at ${i}`);
    });
    assert.deepEqual(await onHost(graph, 'cortex-m4f', bytes), reference, text);
    for (const name of ['nano33ble', 'pico'] as const) {
      const run = await runOnCore(graph, board(name), [bytes], { kind: 'zeroWait' });
      assert.deepEqual(run.outputs[0], reference, `${name}: ${text}`);
      // A step of the stride that shares a factor with the gaps leaves outputs without any input.
      if (run.program.steps.every(({ kernel }) => kernel !== 'dnnrt_conv_transpose3d_f32')) inPhases++;
    }
  }
  assert.ok(inPhases > CASES.length);
});
