/**
 * QLinearGlobalAveragePool, QLinearReduceMean and QLinearAveragePool (com.microsoft).
 *
 *   mean over n values: y = saturate(rhe(f32(f32(Σx - n · xZero) · f32(sx / f32(sy · n)))) + yZero)
 *
 * is used for a global pool, for a mean over axes, and for an average pool whose window is the whole unpadded image. A real
 * window is averaged in single precision, element by element in row-major order, as ONNX Runtime does:
 *
 *   y = saturate(rhe(f32(f32(mean / sy) + yZero))),  mean = f32(Σ f32(sx · (x - xZero)) / count)
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf, Window } from '../../ir/op.ts';
import { elementCount, stridesOf, tensor } from '../../ir/tensor.ts';
import type { OpDefinition } from '../op-definition.ts';
import type { InputTensors } from '../operator.ts';
import {
  type Limits,
  limits,
  outputType,
  type QuantizedData,
  quantizedData,
  requantize,
  required,
  roundHalfEven,
  saturate,
  scalar,
} from './requantize.ts';

interface PoolData {
  readonly x: QuantizedData;
  readonly shape: readonly number[];
  readonly xScale: number;
  readonly xZero: number;
  readonly yScale: number;
  readonly yZero: number;
  readonly range: Limits;
}

function poolData(inputs: InputTensors): PoolData {
  const x = required(inputs[0], 'pool x');
  return {
    x: quantizedData(x, 'pool x'),
    shape: x.shape,
    xScale: scalar(inputs[1], 'pool xScale'),
    xZero: scalar(inputs[2], 'pool xZero', 0),
    yScale: scalar(inputs[3], 'pool yScale'),
    yZero: scalar(inputs[4], 'pool yZero', 0),
    range: limits(outputType(inputs[4], 'pool yZero')),
  };
}

/** M of a mean over `count` values. */
export function meanMultiplier(xScale: number, yScale: number, count: number): number {
  return Math.fround(xScale / Math.fround(yScale * count));
}

/** Shape after reducing `axes` (sorted). */
export function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  return shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
}

function mean(d: PoolData, axes: readonly number[], out: QuantizedData): void {
  const kept = d.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const keptStrides = stridesOf(kept);
  const strides = stridesOf(d.shape);
  const sums = new Float64Array(elementCount(kept));
  for (let i = 0; i < d.x.length; i++) {
    let index = 0;
    for (let axis = 0; axis < kept.length; axis++) {
      if (kept[axis] !== 1) index += (Math.floor(i / strides[axis]) % d.shape[axis]) * keptStrides[axis];
    }
    sums[index] += d.x[i] - d.xZero;
  }
  const m = meanMultiplier(d.xScale, d.yScale, d.x.length / sums.length);
  for (let i = 0; i < out.length; i++) out[i] = requantize(sums[i], m, d.yZero, d.range);
}

/** True when one window covers the whole image without padding. */
export function coversImage(op: Window, shape: readonly number[]): boolean {
  return op.kernelShape.every((k, axis) => k === shape[axis + 2]) && op.pads.every((pad) => pad === 0);
}

export function pooledShape(op: Window & { readonly ceilMode: boolean }, shape: readonly number[]): number[] {
  const rank = op.kernelShape.length;
  const spatial = op.kernelShape.map((kernel, axis) => {
    const begin = op.pads[axis] ?? 0;
    const size = shape[axis + 2] ?? 1;
    const stride = op.strides[axis] ?? 1;
    const extent = (kernel - 1) * (op.dilations[axis] ?? 1) + 1;
    const steps = (size + begin + (op.pads[axis + rank] ?? 0) - extent) / stride;
    if (!op.ceilMode) return Math.floor(steps) + 1;
    const count = Math.ceil(steps) + 1;
    return (count - 1) * stride >= size + begin ? count - 1 : count;
  });
  return [shape[0] ?? 1, shape[1] ?? 1, ...spatial];
}

/** The input indices of a window along one axis, in order. */
function taps(op: Window, axis: number, position: number, size: number): number[] {
  const start = position * (op.strides[axis] ?? 1) - (op.pads[axis] ?? 0);
  const indices = Array.from({ length: op.kernelShape[axis] ?? 1 }, (_, k) => start + k * (op.dilations[axis] ?? 1));
  return indices.filter((i) => i >= 0 && i < size);
}

function windowed(op: OpOf<'QLinearAveragePool'>, d: PoolData, yShape: readonly number[], out: QuantizedData): void {
  const axes = op.kernelShape.length;
  const xStrides = stridesOf(d.shape);
  const yStrides = stridesOf(yShape);
  const table = new Map<number, number>();
  const dequantize = (q: number): number => {
    const known = table.get(q);
    if (known !== undefined) return known;
    const value = Math.fround(d.xScale * (q - d.xZero));
    table.set(q, value);
    return value;
  };
  const kernelSize = op.kernelShape.reduce((p, n) => p * n, 1);
  for (let o = 0; o < out.length; o++) {
    let offsets = [Math.floor(o / yStrides[1]) * xStrides[1]];
    for (let axis = 0; axis < axes; axis++) {
      const position = Math.floor(o / yStrides[axis + 2]) % yShape[axis + 2];
      const inside = taps(op, axis, position, d.shape[axis + 2]);
      offsets = offsets.flatMap((offset) => inside.map((i) => offset + i * xStrides[axis + 2]));
    }
    let sum = 0;
    for (const offset of offsets) sum = Math.fround(sum + dequantize(d.x[offset]));
    const average = Math.fround(sum / (op.countIncludePad ? kernelSize : offsets.length));
    out[o] = saturate(roundHalfEven(Math.fround(Math.fround(average / d.yScale) + d.yZero)), d.range);
  }
}

export const qlinearAveragePool: OpDefinition<'QLinearAveragePool'> = {
  inferShape: (op, inputs) => [
    { dtype: outputType(inputs[4], 'pool yZero'), shape: pooledShape(op, required(inputs[0], 'pool x').shape) },
  ],
  run: (op, inputs) => {
    const d = poolData(inputs);
    const dtype = outputType(inputs[4], 'pool yZero');
    const shape = pooledShape(op, d.shape);
    const out = allocate(dtype, elementCount(shape));
    if (coversImage(op, d.shape)) mean(d, spatialAxes(d.shape), out);
    else windowed(op, d, shape, out);
    return [tensor(dtype, shape, out)];
  },
};

const spatialAxes = (shape: readonly number[]): number[] => shape.map((_, axis) => axis).slice(2);

export const qlinearGlobalAveragePool: OpDefinition<'QLinearGlobalAveragePool'> = {
  inferShape: (_op, inputs) => {
    const shape = required(inputs[0], 'pool x').shape;
    return [{ dtype: outputType(inputs[4], 'pool yZero'), shape: reducedShape(shape, spatialAxes(shape), true) }];
  },
  run: (_op, inputs) => {
    const d = poolData(inputs);
    const dtype = outputType(inputs[4], 'pool yZero');
    const shape = reducedShape(d.shape, spatialAxes(d.shape), true);
    const out = allocate(dtype, elementCount(shape));
    mean(d, spatialAxes(d.shape), out);
    return [tensor(dtype, shape, out)];
  },
};

export const qlinearReduceMean: OpDefinition<'QLinearReduceMean'> = {
  inferShape: (op, inputs) => [
    {
      dtype: outputType(inputs[4], 'mean yZero'),
      shape: reducedShape(required(inputs[0], 'mean x').shape, op.axes, op.keepDims),
    },
  ],
  run: (op, inputs) => {
    const d = poolData(inputs);
    const dtype = outputType(inputs[4], 'mean yZero');
    const shape = reducedShape(d.shape, op.axes, op.keepDims);
    const out = allocate(dtype, elementCount(shape));
    mean(d, op.axes, out);
    return [tensor(dtype, shape, out)];
  },
};
