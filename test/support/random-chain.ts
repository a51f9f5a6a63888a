/** Random chains of convolutions, depthwise convolutions and pools on small images, integer or float: what memory plans put under each other. */
import { type Graph, inferTypes, type Node, type Op, type Tensor, type ValueInfo } from '@tinypareto/evaluators';

function numbers(seed: number): () => number {
  let state = (Math.imul(seed + 1, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** 3 to 6 layers on an image of at most 12 × 12; numbers of channels are multiples of `channelStep`. */
export function randomChain(seed: number, integer: boolean, channelStep = 1): Graph {
  const random = numbers(seed);
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const dtype = integer ? 'int8' : 'float32';
  const constants = new Map<string, Tensor>();
  const input: ValueInfo = {
    name: 'x',
    dtype,
    shape: [1, channelStep * between(1, 12 / channelStep), between(5, 12), between(5, 12)],
  };
  const values = new Map<string, ValueInfo>([['x', input]]);
  const nodes: Node[] = [];
  const constant = (name: string, value: Tensor): string => {
    constants.set(name, value);
    values.set(name, { name, dtype: value.dtype, shape: value.shape });
    return name;
  };
  const floats = (name: string, shape: readonly number[], low: number, high: number): string => {
    const count = shape.reduce((product, size) => product * size, 1);
    return constant(name, {
      dtype: 'float32',
      shape,
      data: Float32Array.from({ length: count }, () => low + (high - low) * random()),
    });
  };
  const parameters = (name: string, low: number, high: number): [string, string] => [
    floats(`${name}_scale`, [], low, high),
    constant(`${name}_zero`, { dtype: 'int8', shape: [], data: Int8Array.of(between(-20, 20)) }),
  ];
  const add = (op: Op, inputs: readonly string[]): string => {
    const name = `v${nodes.length}`;
    const [type] = inferTypes(
      op,
      inputs.map((each) => values.get(each)),
    );
    if (type === undefined) throw new Error(`${op.kind} has no output`);
    values.set(name, { name, ...type });
    nodes.push({ name, op, inputs, outputs: [name] });
    return name;
  };
  const convolve = (x: string, depthwise: boolean): string => {
    const id = `c${nodes.length}`;
    const [, channels = 1] = values.get(x)?.shape ?? [];
    const out = depthwise ? channels : channelStep * between(1, 16 / channelStep);
    const kernel = depthwise ? 3 : ([1, 3, 1][between(0, 2)] ?? 1);
    const pad = kernel >> 1;
    const stride = kernel === 1 ? 1 : between(1, 2);
    const window = {
      kernelShape: [kernel, kernel],
      strides: [stride, stride],
      dilations: [1, 1],
      pads: [pad, pad, pad, pad],
    };
    const group = depthwise ? channels : 1;
    const shape = [out, channels / group, kernel, kernel];
    if (!integer)
      return add({ kind: 'Conv', ...window, group }, [
        x,
        floats(`${id}_w`, shape, -0.5, 0.5),
        floats(`${id}_b`, [out], -1, 1),
      ]);
    const count = shape.reduce((product, size) => product * size, 1);
    const weights = Int8Array.from({ length: count }, () => between(-127, 127));
    const inputs = [
      x,
      ...parameters(`${id}_x`, 0.02, 0.05),
      constant(`${id}_w`, { dtype: 'int8', shape, data: weights }),
      floats(`${id}_s`, [out], 0.003, 0.01),
      constant(`${id}_z`, { dtype: 'int8', shape: [out], data: new Int8Array(out) }),
      ...parameters(`${id}_y`, 0.05, 0.2),
      constant(`${id}_b`, {
        dtype: 'int32',
        shape: [out],
        data: Int32Array.from({ length: out }, () => between(-900, 900)),
      }),
    ];
    return add({ kind: 'QLinearConv', ...window, group }, inputs);
  };
  const pool = (x: string): string => {
    const window = { kernelShape: [2, 2], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
    if (between(0, 1) === 0) return add({ kind: 'MaxPool', ...window, ceilMode: false, storageOrder: 0 }, [x]);
    const op = { ...window, ceilMode: false, countIncludePad: false };
    const id = `p${nodes.length}`;
    if (!integer) return add({ kind: 'AveragePool', ...op }, [x]);
    return add({ kind: 'QLinearAveragePool', ...op }, [
      x,
      ...parameters(`${id}_x`, 0.02, 0.05),
      ...parameters(`${id}_y`, 0.02, 0.05),
    ]);
  };
  let last = 'x';
  for (let i = between(3, 6); i > 0; i--) {
    const [, , height = 1, width = 1] = values.get(last)?.shape ?? [];
    const choice = random();
    if (choice < 0.2 && height > 2 && width > 2) last = pool(last);
    else last = convolve(last, choice > 0.6);
  }
  return { name: 'chain', inputs: [input], outputs: [last], nodes, initializers: constants, values };
}
