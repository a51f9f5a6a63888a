/**
 * A graph of independent random int8 layers (convolutions with strides, padding and dilation, 3×3 depthwise, fully connected), each with an
 * input of its own. Weights are extreme, uniform, bell-shaped or nearly zero; scales make results of every size, and ties.
 */
import type { Graph, Node } from '../../evaluators/ir/graph.ts';
import type { Op } from '../../evaluators/ir/op.ts';
import { elementCount, type Tensor, tensor } from '../../evaluators/ir/tensor.ts';
import { smallGraph } from './small-graph.ts';

export type Draw = (below: number) => number;

export function generator(seed: number): Draw {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

function weightsOf(draw: Draw, shape: readonly number[], nibbles: boolean): Tensor {
  const kind = nibbles ? 3 : draw(5);
  const bell = () => Math.round((draw(128) + draw(128) + draw(128) - 192) * 0.7);
  const drawn = [
    () => (draw(2) === 0 ? -127 : 127),
    () => draw(255) - 127,
    bell,
    () => draw(15) - 7,
    () => (draw(8) === 0 ? 127 : draw(3) - 1),
  ][kind];
  if (drawn === undefined) throw new RangeError('no such kind of weights');
  return tensor('int8', shape, Int8Array.from({ length: elementCount(shape) }, drawn));
}

interface Layer {
  readonly op: Op;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
}

function convolution(draw: Draw, depthwise: boolean): Layer {
  const channels = depthwise ? 2 + draw(7) : ([1, 3, 4, 8, 2 + draw(12)][draw(5)] ?? 1);
  const outputs = depthwise ? channels : 1 + draw(11);
  const any = depthwise && draw(2) === 0;
  const kernel = any ? [1 + draw(6), 1 + draw(6)] : depthwise ? [3, 3] : [1 + draw(4), 1 + draw(4)];
  const stride = depthwise && !any ? Array(2).fill(1 + draw(2)) : [1 + draw(2), 1 + draw(2)];
  const dilation = depthwise ? [1, 1] : [1 + draw(2), 1 + draw(2)];
  const pads = [draw(2), draw(2), draw(2), draw(2)];
  const reach = kernel.map((k, axis) => (k - 1) * (dilation[axis] ?? 1) + 1);
  const size = reach.map((r, axis) => Math.max(1, r - (pads[axis] ?? 0) - (pads[axis + 2] ?? 0)) + draw(9));
  const out = size.map(
    (s, axis) => Math.floor((s + pads[axis] + pads[axis + 2] - (reach[axis] ?? 1)) / (stride[axis] ?? 1)) + 1,
  );
  const group = depthwise ? channels : 1;
  return {
    op: { kind: 'QLinearConv', kernelShape: kernel, strides: stride, dilations: dilation, pads, group },
    x: [1, channels, ...size],
    w: [outputs, channels / group, ...kernel],
    y: [1, outputs, ...out],
  };
}

function product(draw: Draw): Layer {
  const [rows, inner, outputs] = [1 + draw(3), [4, 8, 64, 1 + draw(90)][draw(4)] ?? 1, 1 + draw(13)];
  return {
    op: { kind: 'QGemm', alpha: 1, transA: false, transB: true },
    x: [rows, inner],
    w: [outputs, inner],
    y: [rows, outputs],
  };
}

const zero = (value: number) => tensor('int8', [], Int8Array.of(value));
const scale = (...values: number[]) =>
  tensor('float32', values.length === 1 ? [] : [values.length], Float32Array.from(values));

/** `count` layers drawn from `seed`; `nibbles`: all weights within -7…7. */
export function integerLayers(seed: number, count: number, nibbles = false): Graph {
  const draw = generator(seed);
  const inputs: Record<string, readonly number[]> = {};
  const initializers: Record<string, Tensor> = {};
  const values: Record<string, readonly number[]> = {};
  const nodes: Node[] = [];
  for (let i = 0; i < count; i++) {
    const layer = [() => convolution(draw, false), () => convolution(draw, true), () => product(draw)][i % 3]?.();
    if (layer === undefined) throw new RangeError('no layer');
    const outputs = layer.w[0] ?? 1;
    const name = (role: string) => `${role}${i}`;
    inputs[name('x')] = layer.x;
    values[name('y')] = layer.y;
    const w = weightsOf(draw, layer.w, nibbles);
    const length = elementCount(layer.w) / outputs;
    const size = Math.sqrt(length) * 40 * 70;
    // A tenth to ten times the range of int8; powers of two make ties.
    const ratio = draw(3) === 0 ? 2 ** (draw(7) - 11) : (127 / size) * 10 ** (draw(200) / 100 - 1);
    const perChannel = draw(2) === 0;
    const scales = Array.from({ length: perChannel ? outputs : 1 }, () => ratio * (draw(9) === 0 ? 1e-9 : 1 + draw(4)));
    Object.assign(initializers, {
      [name('w')]: w,
      [name('one')]: scale(1),
      [name('ws')]: scale(...scales),
      [name('xz')]: zero(draw(256) - 128),
      [name('wz')]: tensor('int8', scales.length === 1 ? [] : [outputs], new Int8Array(scales.length)),
      [name('yz')]: zero(draw(4) === 0 ? -128 : draw(256) - 128),
      [name('b')]: tensor(
        'int32',
        [outputs],
        Int32Array.from({ length: outputs }, () => draw(20001) - 10000),
      ),
    });
    const x = ['x', 'one', 'xz', 'w', 'ws', 'wz'].map(name);
    const y = ['one', 'yz'].map(name);
    const all = layer.op.kind === 'QGemm' ? [...x, name('b'), ...y] : [...x, ...y, name('b')];
    const low = draw(256) - 128;
    const clamp = draw(4) === 0 ? { min: low, max: low + draw(128 - low) } : undefined;
    const op = clamp === undefined ? layer.op : { ...layer.op, clamp };
    nodes.push({ name: name('n'), op: op as Op, inputs: all, outputs: [name('y')] });
  }
  const names = [...Object.keys(inputs), ...Object.keys(values)];
  return smallGraph({
    inputs,
    initializers,
    nodes,
    values,
    dtypes: Object.fromEntries(names.map((name) => [name, 'int8'])),
    outputs: Object.keys(values),
  });
}

/** Inputs of random bytes, every fourth one of extremes only. */
export function integerInputs(graph: Graph, draw: Draw): Map<string, Tensor> {
  return new Map(
    graph.inputs.map(({ name, shape }) => {
      const extreme = draw(4) === 0;
      const data = Int8Array.from({ length: elementCount(shape) }, () =>
        extreme ? (draw(2) === 0 ? -128 : 127) : draw(256) - 128,
      );
      return [name, tensor('int8', shape, data)];
    }),
  );
}
