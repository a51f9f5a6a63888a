/**
 * Float kernels written for one core give the bits of the reference kernels: their portable form on this computer and their machine code
 * on the virtual core, over odd shapes, borders and values of every size.
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
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { smallGraph } from '../../support/small-graph.ts';

const cache = temporaryCache();
const skip = isMissing(hostToolchain()) || isMissing(armToolchain()) ? 'no C compiler, or none for Arm' : false;
const rng = createRng(3, 0, 'float-kernels');

function floats(count: number): Float32Array {
  return Float32Array.from({ length: count }, () => rng.nextNormal() * 10 ** Math.floor(rng.nextFloat() * 6 - 3));
}

interface Shape {
  readonly inC: number;
  readonly channels: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
  readonly group?: number;
  readonly bias: boolean;
  readonly clamp?: { readonly min: number; readonly max: number };
}

const SHAPES: readonly Shape[] = [
  { inC: 3, channels: 8, size: 9, kernel: 3, stride: 2, pad: 1, dilation: 1, bias: true, clamp: { min: 0, max: 6 } },
  { inC: 8, channels: 6, size: 7, kernel: 3, stride: 1, pad: 1, dilation: 1, bias: false },
  { inC: 5, channels: 1, size: 6, kernel: 1, stride: 1, pad: 0, dilation: 1, bias: true },
  { inC: 4, channels: 7, size: 9, kernel: 3, stride: 1, pad: 2, dilation: 2, bias: true },
  { inC: 12, channels: 24, size: 9, kernel: 3, stride: 2, pad: 1, dilation: 1, group: 3, bias: true },
];

/** One convolution. */
function network(shape: Shape): Graph {
  const { inC, channels, size, kernel, stride, pad, dilation, group = 1 } = shape;
  const out = Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
  const weights = [channels, inC / group, kernel, kernel];
  const initializers: Record<string, Tensor> = { w: tensor('float32', weights, floats(elementCount(weights))) };
  if (shape.bias) initializers['b'] = tensor('float32', [channels], floats(channels));
  const node: Node = {
    name: 'conv',
    op: {
      kind: 'Conv',
      group,
      kernelShape: [kernel, kernel],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      pads: [pad, pad, pad, pad],
      ...(shape.clamp === undefined ? {} : { clamp: shape.clamp }),
    },
    inputs: shape.bias ? ['x', 'w', 'b'] : ['x', 'w'],
    outputs: ['y'],
  };
  const inputs = { x: [1, inC, size, size] };
  return smallGraph({ inputs, initializers, nodes: [node], values: { y: [1, channels, out, out] }, outputs: ['y'] });
}

async function onHost(graph: Graph, kernels: KernelSet, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const built = await buildHost(lower(graph, board('host'), { kernels }), cache);
  assert.ok(built.kind === 'built');
  return (await runHost(built, [[bytes]])).outputs[0]?.[0];
}

for (const shape of SHAPES) {
  const { inC, size, kernel } = shape;
  test(`float convolution ${inC}×${size}×${size}, kernel ${kernel}: the same bits from every kernel`, {
    skip,
  }, async () => {
    const graph = network(shape);
    const bytes = new Uint8Array(floats(inC * size * size).buffer);
    const reference = await onHost(graph, 'reference', bytes);
    assert.ok(reference !== undefined);
    assert.deepEqual(await onHost(graph, 'cortex-m4f', bytes), reference);
    const run = await runOnCore(graph, board('nano33ble'), [bytes], { kind: 'zeroWait' });
    assert.deepEqual(run.outputs[0], reference);
    assert.ok(run.layers.some((layer) => layer.kernel === 'dnnrt_conv2d_f32_fpu'));
  });
}
