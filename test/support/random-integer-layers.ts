/** Random integer layers at the edges of what the kernels take: odd channels and sizes, borders, extreme values, every kind of zero point. */
import { createRng, type Rng } from '@tinypareto/optimizer';
import { elementCount, type Tensor, tensor } from '../../evaluators/ir/tensor.ts';
import type { Byte, IntegerLayerCase } from './integer-network.ts';

export interface LayerChoices {
  readonly dtype: Byte;
  /** Weights of a zero point other than the middle of their type. */
  readonly asymmetric: boolean;
  /** Weights may be −128. */
  readonly fullRange: boolean;
}

class Source {
  readonly #rng: Rng;
  readonly #choices: LayerChoices;

  constructor(seed: number, choices: LayerChoices) {
    this.#rng = createRng(seed, 0, 'integer-layers');
    this.#choices = choices;
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.#rng.nextFloat() * (high - low + 1));
  }

  pick<const T>(...list: readonly T[]): T {
    const value = list[this.integer(0, list.length - 1)];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  }

  bytes(shape: readonly number[], low: number, high: number): Tensor {
    const { dtype } = this.#choices;
    const shift = dtype === 'uint8' ? 128 : 0;
    const extreme = this.pick(0, 0.2, 1);
    const value = () => (this.#rng.nextFloat() < extreme ? this.pick(low, high) : this.integer(low, high)) + shift;
    const data = Array.from({ length: elementCount(shape) }, value);
    return dtype === 'uint8'
      ? tensor('uint8', shape, Uint8Array.from(data))
      : tensor('int8', shape, Int8Array.from(data));
  }

  /** Scales, zero points, weights and bias; the sums of `length` products come out at the order of the range of y. */
  parameters(weightShape: readonly number[], channels: number, length: number): Record<string, Tensor> {
    const { asymmetric, fullRange } = this.#choices;
    const perChannel = this.integer(0, 1) === 1;
    const anyYScale = (Math.sqrt(length) * 74 * 74 * this.pick(0.3, 1, 4)) / 60;
    // Powers of two have ties; tiny scales leave a channel one result whatever its inputs are.
    const [ties, tiny] = [this.integer(0, 4) === 0, this.integer(0, 4) === 0];
    const anyScale = () => (tiny && this.integer(0, 2) === 0 ? 1e-7 : 0.5 + this.#rng.nextFloat());
    const weightScales = Float32Array.from({ length: perChannel ? channels : 1 }, () => (ties ? 0.5 : anyScale()));
    const zeros = [perChannel ? channels : 1];
    const biasScale = this.pick(0, 1000, 100000, 1e9);
    const yScale = ties ? 2 ** Math.round(Math.log2(anyYScale)) : anyYScale;
    return {
      xs: tensor('float32', [], Float32Array.of(1)),
      xz: this.bytes([], -128, 127),
      w: this.bytes(weightShape, fullRange ? -128 : -127, 127),
      ws: tensor('float32', perChannel ? [channels] : [], weightScales),
      wz: asymmetric ? this.bytes(perChannel ? zeros : [], -30, 30) : this.bytes(perChannel ? zeros : [], 0, 0),
      ys: tensor('float32', [], Float32Array.of(yScale)),
      yz: this.bytes([], -128, 127),
      b: tensor(
        'int32',
        [channels],
        Int32Array.from({ length: channels }, () => this.integer(-biasScale, biasScale)),
      ),
    };
  }
}

const CLAMPS = [null, null, { min: -20, max: 60 }] as const;

function convolution(source: Source): IntegerLayerCase {
  const [kernelH, kernelW] = [source.pick(1, 1, 2, 3, 3, 5), source.pick(1, 1, 3, 3, 4)];
  const dilation = source.pick(1, 1, 1, 2);
  const strides = [source.integer(1, 2), source.integer(1, 2)];
  const [inH, inW] = [source.integer(kernelH * dilation, 11), source.integer(kernelW * dilation, 11)];
  const depthwise = source.integer(0, 2) === 0;
  const inC = source.pick(1, 2, 3, 4, 5, 8, 12, 16);
  const grouped = !depthwise && inC % 2 === 0 && source.integer(0, 6) === 0;
  const group = depthwise ? inC : grouped ? 2 : 1;
  const channels = depthwise ? inC * source.pick(1, 1, 1, 2) : source.integer(1, 9) * group;
  const pads = [
    source.integer(0, kernelH - 1),
    source.integer(0, kernelW - 1),
    source.integer(0, kernelH - 1),
    source.integer(0, kernelW - 1),
  ];
  const size = (n: number, kernel: number, axis: number) =>
    Math.floor((n + pads[axis] + pads[axis + 2] - (dilation * (kernel - 1) + 1)) / strides[axis]) + 1;
  const weights = [channels, inC / group, kernelH, kernelW];
  const clamp = source.pick(...CLAMPS);
  return {
    op: {
      kind: 'QLinearConv',
      group,
      kernelShape: [kernelH, kernelW],
      strides,
      dilations: [dilation, dilation],
      pads,
      ...(clamp === null ? {} : { clamp }),
    },
    x: [1, inC, inH, inW],
    y: [1, channels, size(inH, kernelH, 0), size(inW, kernelW, 1)],
    tensors: source.parameters(weights, channels, (inC / group) * kernelH * kernelW),
    inputs: ['x', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz', ...(source.integer(0, 3) === 0 ? [] : ['b'])],
  };
}

function product(source: Source): IntegerLayerCase {
  const [rows, length, channels] = [source.pick(1, 1, 3), source.integer(1, 70), source.integer(1, 21)];
  return {
    op: { kind: 'QGemm', alpha: 1, transA: false, transB: true },
    x: [rows, length],
    y: [rows, channels],
    tensors: source.parameters([channels, length], channels, length),
    inputs: ['x', 'xs', 'xz', 'w', 'ws', 'wz', source.integer(0, 3) === 0 ? '' : 'b', 'ys', 'yz'],
  };
}

/** In groups of several channels, or of one with several filters; large enough that parts pay. */
function grouped(source: Source): IntegerLayerCase {
  const [kernelH, kernelW] = [source.pick(1, 3), source.pick(1, 3)];
  const [strides, pads] = [
    [source.integer(1, 2), 1],
    [kernelH >> 1, kernelW >> 1, kernelH >> 1, source.integer(0, kernelW >> 1)],
  ];
  const [inH, inW] = [source.integer(5, 9), source.integer(5, 9)];
  const size = (n: number, kernel: number, axis: number) =>
    Math.floor((n + pads[axis] + pads[axis + 2] - kernel) / strides[axis]) + 1;
  const [group, depth] = source.pick([2, 8], [2, 13], [3, 8], [4, 4], [8, 1]);
  const channels = group * (depth === 1 ? source.integer(2, 3) : source.integer(5, 9));
  const clamp = source.pick(...CLAMPS);
  return {
    op: {
      kind: 'QLinearConv',
      group,
      kernelShape: [kernelH, kernelW],
      strides,
      dilations: [1, 1],
      pads,
      ...(clamp === null ? {} : { clamp }),
    },
    x: [1, group * depth, inH, inW],
    y: [1, channels, size(inH, kernelH, 0), size(inW, kernelW, 1)],
    tensors: source.parameters([channels, depth, kernelH, kernelW], channels, depth * kernelH * kernelW),
    inputs: ['x', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz', ...(source.integer(0, 3) === 0 ? [] : ['b'])],
  };
}

/** Convolutions in groups. */
export function randomGroupedLayers(seed: number, count: number, choices: LayerChoices): IntegerLayerCase[] {
  const source = new Source(seed, choices);
  return Array.from({ length: count }, () => grouped(source));
}

const DEPTHWISE_KERNELS: readonly (readonly [number, number])[] = [
  [3, 3],
  [3, 3],
  [5, 5],
  [7, 7],
  [1, 3],
  [1, 9],
  [8, 1],
  [5, 3],
  [2, 2],
  [3, 4],
];

/** Filters of single channels: rows longer than those of other layers, kernels and steps that differ by axis. */
function depthwise(source: Source): IntegerLayerCase {
  const kernelShape: readonly number[] = source.pick(...DEPTHWISE_KERNELS);
  const dilations = kernelShape.map((size) => (size === 1 ? 1 : source.pick(1, 1, 1, 2, 3)));
  const strides = [source.pick(1, 1, 2, 3), source.pick(1, 1, 2)];
  if (source.integer(0, 1) === 0) strides.fill(strides[1]);
  const reach = kernelShape.map((size, axis) => (size - 1) * dilations[axis] + 1);
  const [tall, wide] = source.pick([4, 40], [14, 14], [24, 9], [40, 2]);
  const inputs = [source.integer(1, tall), source.integer(1, wide)];
  const pads = [0, 1, 0, 1].map((axis) => {
    const least = Math.max(0, Math.ceil((reach[axis] - inputs[axis]) / 2));
    return source.integer(least, Math.max(least, reach[axis] - 1));
  });
  const depth = source.pick(1, 2, 3, 4, 5, 8, 11, 12);
  const channels = depth * source.pick(1, 1, 1, 2, 3);
  const size = (axis: number) =>
    Math.floor((inputs[axis] + pads[axis] + pads[axis + 2] - reach[axis]) / strides[axis]) + 1;
  const clamp = source.pick(...CLAMPS);
  const [kernelH, kernelW] = [kernelShape[0], kernelShape[1]];
  return {
    op: {
      kind: 'QLinearConv',
      group: depth,
      kernelShape: [kernelH, kernelW],
      strides,
      dilations,
      pads,
      ...(clamp === null ? {} : { clamp }),
    },
    x: [1, depth, ...inputs],
    y: [1, channels, size(0), size(1)],
    tensors: source.parameters([channels, 1, kernelH, kernelW], channels, kernelH * kernelW),
    inputs: ['x', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz', 'b'],
  };
}

export function randomDepthwiseLayers(seed: number, count: number, choices: LayerChoices): IntegerLayerCase[] {
  const source = new Source(seed, choices);
  return Array.from({ length: count }, () => depthwise(source));
}

/** The same seed and choices give the same layers. */
export function randomIntegerLayers(seed: number, count: number, choices: LayerChoices): IntegerLayerCase[] {
  const source = new Source(seed, choices);
  return Array.from({ length: count }, (_, i) => (i % 4 === 3 ? product(source) : convolution(source)));
}

/** Input bytes: everything from −128 to 127, with whole stretches of the extremes. */
export function randomBytes(seed: number, count: number): Uint8Array {
  const rng = createRng(seed, 0, 'integer-layer-inputs');
  let extreme = 0;
  return Uint8Array.from({ length: count }, (_, i) => {
    if (i % 64 === 0) extreme = rng.nextFloat();
    if (extreme < 0.15) return 128;
    return extreme < 0.3 ? 127 : Math.floor(rng.nextFloat() * 256);
  });
}
