/** Operators that move data: Reshape, Transpose and the like change only the layout, the others copy by strides. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { roundHalfEven } from '../../ops/integer/requantize.ts';
import { LoweringError } from '../codegen-error.ts';
import { axisStrides, channelsLast, type Layout, plainLayout, sameLayout, transposedLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { broadcastStrides } from './broadcast.ts';
import { scalar } from './constants.ts';
import { type CopyAxis, copyStep, isOneCopy, mergeAxes } from './copy.ts';
import { invoke } from './invoke.ts';
import { outputQuantization } from './quantization.ts';

export function lowerReshape(lowering: Lowering, node: Node<OpOf<'Reshape'>>): void {
  const source = lowering.value(node.inputs[0]);
  lowering.alias(node.outputs[0], source, source.layout);
}

/** The value in a layout in which every axis lies at one stride. */
export function strided(lowering: Lowering, value: LoweredValue): LoweredValue {
  return axisStrides(value.layout, value.shape) === undefined ? lowering.plain(value) : value;
}

/** `output` = the value with its axes regrouped to `shape` and permuted: a layout, no copy. */
function permuted(
  lowering: Lowering,
  output: string,
  value: LoweredValue,
  shape: readonly number[],
  perm: readonly number[],
): void {
  const source = axisStrides(value.layout, shape) === undefined ? lowering.plain(value) : value;
  const layout = transposedLayout(source.layout, shape, perm);
  if (layout === undefined) throw new LoweringError('the transposition has no layout');
  lowering.alias(output, source, layout);
}

export function lowerTranspose(lowering: Lowering, node: Node<OpOf<'Transpose'>>): void {
  const source = lowering.value(node.inputs[0]);
  permuted(lowering, node.outputs[0], source, source.shape, node.op.perm);
}

export function lowerDepthToSpace(lowering: Lowering, node: Node<OpOf<'DepthToSpace'>>): void {
  const { blockSize: b, mode } = node.op;
  const source = lowering.value(node.inputs[0]);
  const [n, c, h, w] = source.shape;
  const depth = c / (b * b);
  if (mode === 'DCR') permuted(lowering, node.outputs[0], source, [n, b, b, depth, h, w], [0, 3, 4, 1, 5, 2]);
  else permuted(lowering, node.outputs[0], source, [n, depth, b, b, h, w], [0, 1, 4, 2, 5, 3]);
}

export function lowerSpaceToDepth(lowering: Lowering, node: Node<OpOf<'SpaceToDepth'>>): void {
  const { blockSize: b } = node.op;
  const source = lowering.value(node.inputs[0]);
  const [n, c, h, w] = source.shape;
  permuted(lowering, node.outputs[0], source, [n, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4]);
}

/** Copies `x` by axes into a result that is written whole or in part. */
export function copyCall(
  lowering: Lowering,
  x: LoweredValue,
  y: LoweredValue,
  axes: readonly CopyAxis[],
  xOffset = 0,
  yOffset = 0,
): void {
  if (axes.some(({ size }) => size === 0)) return;
  const { kernel, params } = copyStep(lowering.storedType(y), mergeAxes(axes), xOffset, yOffset);
  invoke(lowering, { kernel, params: [params.struct, params.fields], operands: [x], results: [y] });
}

/** A layout for `shape` with its axes in the memory order of `like` (same rank). */
function layoutLike(like: LoweredValue, shape: readonly number[]): Layout {
  const strides = axisStrides(like.layout, like.shape);
  if (strides === undefined) return plainLayout(shape);
  const order = shape.map((_, axis) => axis).sort((a, b) => strides[b] - strides[a] || a - b);
  return { factors: shape, order };
}

/** Stride of every axis of a layout over its own factors, also of those of size 1. */
function allStrides({ factors, order }: Layout): number[] {
  const strides = new Array<number>(factors.length).fill(1);
  let stride = 1;
  for (const axis of order.toReversed()) {
    strides[axis] = stride;
    stride *= factors[axis];
  }
  return strides;
}

export function lowerSlice(lowering: Lowering, node: Node<OpOf<'Slice'>>): void {
  const { starts, steps } = node.op;
  sliceOf(lowering, node.outputs[0], strided(lowering, lowering.value(node.inputs[0])), starts, steps);
}

function sliceOf(
  lowering: Lowering,
  output: string,
  x: LoweredValue,
  starts: readonly number[],
  steps: readonly number[],
): void {
  const { shape } = lowering.outputType(output);
  const strides = axisStrides(x.layout, x.shape) ?? [];
  const layout = layoutLike(x, shape);
  const y = lowering.produce(output, layout, x.shifted);
  const yStrides = allStrides(layout);
  const axes = shape.map((size, axis) => ({ size, xStride: strides[axis] * steps[axis], yStride: yStrides[axis] }));
  const offset = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  copyCall(lowering, x, y, axes, offset);
}

export function lowerSplit(lowering: Lowering, node: Node<OpOf<'Split'>>): void {
  const { axis, sizes } = node.op;
  const x = strided(lowering, lowering.value(node.inputs[0]));
  let start = 0;
  node.outputs.forEach((output, index) => {
    const starts = x.shape.map((_, i) => (i === axis ? start : 0));
    const steps = x.shape.map(() => 1);
    if (output !== '') sliceOf(lowering, output, x, starts, steps);
    start += sizes[index];
  });
}

export function lowerExpand(lowering: Lowering, node: Node<OpOf<'Expand'>>): void {
  const x = strided(lowering, lowering.value(node.inputs[0]));
  const { shape } = lowering.outputType(node.outputs[0]);
  if (elementCount(x.shape) === elementCount(shape)) {
    lowering.alias(node.outputs[0], x, x.layout);
    return;
  }
  const y = lowering.produce(node.outputs[0], plainLayout(shape), x.shifted);
  const [xStrides, yStrides] = [broadcastStrides(x, shape), stridesOf(shape)];
  copyCall(
    lowering,
    x,
    y,
    shape.map((size, axis) => ({ size, xStride: xStrides[axis], yStride: yStrides[axis] })),
  );
}

export function lowerTile(lowering: Lowering, node: Node<OpOf<'Tile'>>): void {
  const x = strided(lowering, lowering.value(node.inputs[0]));
  const { shape } = lowering.outputType(node.outputs[0]);
  tile(lowering, x, node.op.repeats, lowering.produce(node.outputs[0], plainLayout(shape), x.shifted));
}

/** Where a copy cannot go over all axes at once, those behind are repeated first. */
function tile(lowering: Lowering, x: LoweredValue, repeats: readonly number[], y: LoweredValue): void {
  const xStrides = axisStrides(x.layout, x.shape) ?? [];
  const yStrides = stridesOf(y.shape);
  const axes = x.shape.flatMap((size, axis) => [
    { size: repeats[axis], xStride: 0, yStride: size * yStrides[axis] },
    { size, xStride: xStrides[axis], yStride: yStrides[axis] },
  ]);
  const repeated = repeats.flatMap((count, axis) => (count > 1 ? [axis] : []));
  if (isOneCopy(axes) || repeated.length < 2) {
    copyCall(lowering, x, y, axes);
    return;
  }
  const from = repeated[repeated.length >> 1];
  const last = repeats.map((count, axis) => (axis < from ? 1 : count));
  const shape = x.shape.map((size, axis) => size * last[axis]);
  const partly = lowering.temporary({ ...x, shape, layout: plainLayout(shape) });
  tile(lowering, x, last, partly);
  tile(
    lowering,
    partly,
    repeats.map((count, axis) => (axis < from ? count : 1)),
    y,
  );
}

/** The memory order of the parts carried over to the result: channels last when one of the parts is. */
function concatLayout(parts: readonly LoweredValue[], shape: readonly number[]): Layout {
  const isLast = (part: LoweredValue) =>
    sameLayout(part.layout, channelsLast(part.shape)) && !sameLayout(part.layout, plainLayout(part.shape));
  return parts.some(isLast) ? channelsLast(shape) : plainLayout(shape);
}

function concatenate(
  lowering: Lowering,
  output: string,
  axis: number,
  parts: readonly LoweredValue[],
  shifted: boolean,
): void {
  const { shape } = lowering.outputType(output);
  const layout = concatLayout(parts, shape);
  const yStrides = allStrides(layout);
  const y = lowering.produce(output, layout, shifted);
  let start = 0;
  for (const source of parts) {
    const part = strided(lowering, source);
    const xStrides = axisStrides(part.layout, part.shape) ?? [];
    const axes = part.shape.map((size, i) => ({ size, xStride: xStrides[i], yStride: yStrides[i] }));
    copyCall(lowering, part, y, axes, 0, start * yStrides[axis]);
    start += part.shape[axis];
  }
}

export function lowerConcat(lowering: Lowering, node: Node<OpOf<'Concat'>>): void {
  const values = node.inputs.map((name) => lowering.value(name));
  const shifted = values.length > 0 && values.every((value) => value.shifted);
  const parts = shifted ? values : values.map((value) => lowering.unshifted(value));
  concatenate(lowering, node.outputs[0], node.op.axis, parts, shifted);
}

/** Parts of another scale pass through a table of 256 entries first. */
export function lowerQLinearConcat(lowering: Lowering, node: Node<OpOf<'QLinearConcat'>>): void {
  const { op, inputs } = node;
  const output = outputQuantization(lowering, node.outputs[0], inputs[0], inputs[1]);
  const yZero = output.zero + output.shift;
  const parts: LoweredValue[] = [];
  for (let at = 2; at < inputs.length; at += 3) {
    const { value, shift } = lowering.signed(lowering.value(inputs[at]));
    const scale = scalar(lowering.tensor(inputs[at + 1], 'an input scale'), 'an input scale');
    const zero = scalar(lowering.optionalTensor(inputs[at + 2], 'an input zero point'), 'an input zero point', 0);
    const same = scale === output.scale && zero === yZero && shift === output.shift;
    parts.push(same ? value : requantized(lowering, value, { scale, zero: zero - shift }, output));
  }
  concatenate(lowering, node.outputs[0], op.axis, parts, output.shift !== 0);
}

function requantized(
  lowering: Lowering,
  x: LoweredValue,
  from: { readonly scale: number; readonly zero: number },
  to: { readonly scale: number; readonly zero: number; readonly lo: number; readonly hi: number },
): LoweredValue {
  const n = elementCount(x.shape);
  const table = lowering.constant('t', 'int8_t', 256, () =>
    Int8Array.from({ length: 256 }, (_, index) => {
      const value = Math.fround(Math.fround(from.scale * (index - 128 - from.zero)) / to.scale);
      return Math.min(to.hi, Math.max(to.lo, roundHalfEven(value) + to.zero));
    }),
  );
  const y = lowering.temporary(x);
  lowering.call({
    kernel: 'dnnrt_lut_s8',
    args: [{ kind: 'integer', value: n }, { kind: 'constant', id: table }, lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
    inPlace: lowering.reads(x),
  });
  return y;
}
