/**
 * Resize, one axis after the other. The weights of an axis are what the reference makes of the unit vectors, so all coordinate
 * modes, roundings, cubic and antialiased filters have one definition.
 */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf, tensor } from '../../ir/tensor.ts';
import { runOp } from '../../ops/evaluate-node.ts';
import { LoweringError } from '../codegen-error.ts';
import { elementBytes } from '../element-type.ts';
import { axisStrides, plainLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { copyStep, mergeAxes } from './copy.ts';
import { invoke } from './invoke.ts';
import { plainOperand, required } from './lower-window3.ts';

interface Taps {
  readonly count: number;
  /** [outputs, count] */
  readonly places: Uint16Array;
  readonly weights: Float32Array;
  /** Outputs that get the extrapolation value. */
  readonly outside: readonly boolean[];
}

/** Which inputs make each output along `axis`, and with what weights. */
function tapsOf(op: OpOf<'Resize'>, axis: number, size: number, rank: number): Taps {
  const outputs = op.shape[axis];
  const roi = op.roi.length === 2 * rank ? [0, op.roi[axis], 1, op.roi[axis + rank]] : [];
  const single: OpOf<'Resize'> = { ...op, scales: [1, op.scales[axis]], roi, shape: [size, outputs] };
  const unit = new Float32Array(size * size);
  for (let i = 0; i < size; i++) unit[i * size + i] = 1;
  const [response] = runOp(single, [tensor('float32', [size, size], unit)]);
  const [offset] = runOp(single, [tensor('float32', [size, size], new Float32Array(size * size))]);
  const outside = Array.from({ length: outputs }, (_, o) => Number(offset.data[o]) !== 0);
  const lists = Array.from({ length: outputs }, (_, o) =>
    Array.from({ length: size }, (_, i) => ({
      place: i,
      weight: outside[o] ? 0 : Number(response.data[i * outputs + o]),
    })).filter(({ weight }) => weight !== 0),
  );
  const count = Math.max(1, ...lists.map((list) => list.length));
  const places = new Uint16Array(outputs * count);
  const weights = new Float32Array(outputs * count);
  lists.forEach((list, o) => {
    list.forEach(({ place, weight }, t) => {
      places[o * count + t] = place;
      weights[o * count + t] = weight;
    });
  });
  return { count, places, weights, outside };
}

/** How often every element is repeated along an axis; undefined where the axis is more than a repetition. */
function repeats(op: OpOf<'Resize'>, axis: number, size: number, rank: number): number | undefined {
  const outputs = op.shape[axis];
  if (outputs === size && op.scales[axis] === 1) return 1;
  if (size === 0 || outputs % size !== 0) return undefined;
  const { count, places, weights, outside } = tapsOf(op, axis, size, rank);
  const times = outputs / size;
  const repeated = count === 1 && weights.every((weight) => weight === 1) && !outside.includes(true);
  return repeated && places.every((place, o) => place === Math.floor(o / times)) ? times : undefined;
}

/** Repeated elements are one copy in the layout that the value has. False when the resize is more than that. */
function copyRepeated(lowering: Lowering, node: Node<OpOf<'Resize'>>): boolean {
  const x = lowering.value(node.inputs[0]);
  const { shape, layout } = x;
  const times = shape.map((size, axis) => repeats(node.op, axis, size, shape.length));
  if (x.buffer === undefined || times.includes(undefined) || layout.factors.join() !== shape.join()) return false;
  const target = { factors: node.op.shape, order: layout.order };
  const [xStrides, yStrides] = [axisStrides(layout, shape), axisStrides(target, node.op.shape)];
  if (xStrides === undefined || yStrides === undefined) return false;
  const axes = mergeAxes(
    shape.flatMap((size, axis) => [
      { size, xStride: xStrides[axis], yStride: yStrides[axis] * (times[axis] ?? 1) },
      { size: times[axis] ?? 1, xStride: 0, yStride: yStrides[axis] },
    ]),
  );
  const y = lowering.produce(node.outputs[0], target, x.shifted);
  const { kernel, params } = copyStep(lowering.storedType(x), axes);
  invoke(lowering, { kernel, params: [params.struct, params.fields], operands: [x], results: [y] });
  return true;
}

export function lowerResize(lowering: Lowering, node: Node<OpOf<'Resize'>>): void {
  const { op } = node;
  if (copyRepeated(lowering, node)) return;
  let current = required(plainOperand(lowering, node.inputs[0]));
  const changed = op.shape
    .map((_, axis) => axis)
    .filter((axis) => op.shape[axis] !== current.shape[axis] || op.scales[axis] !== 1);
  if (changed.length === 0) {
    lowering.alias(node.outputs[0], current, current.layout);
    return;
  }
  // Axes that shrink come first: the working memory between two axes stays small.
  changed.sort((a, b) => op.shape[a] / current.shape[a] - op.shape[b] / current.shape[b]);
  const outside: (readonly [number, number])[] = [];
  for (const [index, axis] of changed.entries()) {
    const shape = current.shape.map((size, i) => (i === axis ? op.shape[axis] : size));
    const target: LoweredValue =
      index === changed.length - 1
        ? lowering.producePlain(node.outputs[0])
        : lowering.temporary({ ...current, shape, layout: plainLayout(shape) });
    for (const position of resample(lowering, op, current, target, axis)) outside.push([axis, position]);
    current = target;
  }
  if (outside.length > 0) extrapolate(lowering, current, outside, op.extrapolationValue);
}

/** Sets the slices of y at the given positions of axes to one value. */
function extrapolate(
  lowering: Lowering,
  y: LoweredValue,
  slices: readonly (readonly [number, number])[],
  value: number,
): void {
  const constant = lowering.constant('k', 'float', 1, () => Float32Array.of(value));
  const strides = stridesOf(y.shape);
  for (const [axis, position] of slices) {
    const axes = y.shape.map((size, i) => ({ size: i === axis ? 1 : size, xStride: 0, yStride: strides[i] }));
    lowering.call({
      ...copyStep('float', mergeAxes(axes), 0, position * strides[axis]),
      args: [{ kind: 'constant', id: constant }, lowering.argument(y)],
      reads: [],
      writes: lowering.reads(y),
    });
  }
}

function resample(lowering: Lowering, op: OpOf<'Resize'>, x: LoweredValue, y: LoweredValue, axis: number): number[] {
  const size = x.shape[axis];
  const { count, places, weights, outside } = tapsOf(op, axis, size, x.shape.length);
  const outer = elementCount(x.shape.slice(0, axis));
  const inner = elementCount(x.shape.slice(axis + 1));
  const outputs = y.shape[axis];
  const positions = outside.flatMap((isOutside, o) => (isOutside ? [o] : []));
  if (count === 1 && weights.every((weight) => weight === 1)) {
    const type = lowering.storedType(x);
    const table = lowering.constant('i', 'uint16_t', outputs, () => places);
    const fields = { outer, axis: size, n: outputs, inner_bytes: inner * elementBytes(type), index_type: 3 };
    lowering.call({
      kernel: 'dnnrt_gather',
      params: { struct: 'dnnrt_gather_t', fields },
      args: [lowering.argument(x), { kind: 'constant', id: table }, lowering.argument(y)],
      reads: lowering.reads(x),
      writes: lowering.reads(y),
    });
    return positions;
  }
  if (lowering.storedType(x) !== 'float') throw new LoweringError(`interpolating ${x.dtype} has no kernel`);
  const fields = {
    outer,
    in_n: size,
    out_n: outputs,
    inner,
    taps: count,
    places: { constant: lowering.constant('i', 'uint16_t', places.length, () => places) },
    weights: { constant: lowering.constant('k', 'float', weights.length, () => weights) },
  };
  invoke(lowering, { kernel: 'dnnrt_resample_f32', params: ['dnnrt_resample_t', fields], operands: [x], results: [y] });
  return positions;
}
