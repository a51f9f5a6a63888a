/** Element-wise operators: they keep the layout of their operand; two operands broadcast by strides. */
import type { Node } from '../ir/graph.ts';
import type { BinaryFunction, OpOf } from '../ir/op.ts';
import { elementCount } from '../ir/tensor.ts';
import { unaryTable } from '../ops/integer/qlinear-unary.ts';
import { mergeBroadcast } from './broadcast.ts';
import { LoweringError } from './codegen-error.ts';
import { scalar } from './constants.ts';
import { copyFields, copyKernel, mergeAxes, padToRank } from './copy.ts';
import { axisStrides, type Layout, plainLayout, sameLayout } from './layout.ts';
import type { LoweredValue, Lowering } from './lowering.ts';
import { outputQuantization } from './quantization.ts';

function clampCall(lowering: Lowering, node: Node, lo: number, hi: number): void {
  const x = lowering.value(node.inputs[0]);
  if (x.dtype !== 'float32') throw new LoweringError(`limiting values of type ${x.dtype} has no kernel`);
  const y = lowering.produce(node.outputs[0], x.layout);
  lowering.call({
    kernel: 'dnnrt_clamp_f32',
    args: [
      { kind: 'integer', value: elementCount(x.shape) },
      { kind: 'float', value: lo },
      { kind: 'float', value: hi },
      lowering.argument(x),
      lowering.argument(y),
    ],
    reads: lowering.reads(x),
    writes: [y.buffer],
    inPlace: lowering.reads(x),
  });
}

export function lowerUnary(lowering: Lowering, node: Node<OpOf<'Unary'>>): void {
  if (node.op.fn !== 'Relu') throw new LoweringError(`${node.op.fn} has no kernel`);
  clampCall(lowering, node, 0, Number.POSITIVE_INFINITY);
}

export function lowerClip(lowering: Lowering, node: Node<OpOf<'Clip'>>): void {
  const lo = lowering.optionalTensor(node.inputs[1], 'the lower limit');
  const hi = lowering.optionalTensor(node.inputs[2], 'the upper limit');
  clampCall(
    lowering,
    node,
    scalar(lo, 'the lower limit', Number.NEGATIVE_INFINITY),
    scalar(hi, 'the upper limit', Number.POSITIVE_INFINITY),
  );
}

interface Operands {
  readonly values: readonly LoweredValue[];
  readonly layout: Layout;
}

/** Operands in layouts in which they broadcast by strides, and the layout of the result. */
export function broadcastOperands(
  lowering: Lowering,
  operands: readonly LoweredValue[],
  shape: readonly number[],
): Operands {
  const count = elementCount(shape);
  const full = operands.filter((value) => elementCount(value.shape) === count);
  const leader = full.find((value) => value.buffer !== undefined && value.tensor === undefined) ?? full[0];
  const layout = leader?.layout ?? plainLayout(shape);
  if (full.length === operands.length) {
    return { values: operands.map((value) => lowering.inLayout(value, { ...layout })), layout };
  }
  if (axisStrides(layout, shape) === undefined) {
    return { values: operands.map((value) => lowering.plain(value)), layout: plainLayout(shape) };
  }
  const values = operands.map((value) => {
    if (elementCount(value.shape) === count) return lowering.inLayout(value, layout);
    return axisStrides(value.layout, value.shape) === undefined ? lowering.plain(value) : value;
  });
  return { values, layout };
}

/** Stride of `value` along each axis of the result: 0 where it is repeated. */
export function broadcastStrides(value: LoweredValue, shape: readonly number[]): number[] {
  const padded = [...new Array<number>(shape.length - value.shape.length).fill(1), ...value.shape];
  const strides = axisStrides(value.layout, padded);
  if (strides === undefined) throw new LoweringError('an operand does not lie at one stride per axis');
  return padded.map((size, axis) => (size === 1 ? 0 : strides[axis]));
}

const FLOAT_KERNELS: { readonly [F in BinaryFunction]?: string } = {
  Add: 'dnnrt_add_f32',
  Sub: 'dnnrt_sub_f32',
  Mul: 'dnnrt_mul_f32',
  Div: 'dnnrt_div_f32',
  Max: 'dnnrt_max_f32',
  Min: 'dnnrt_min_f32',
};

export function lowerBinary(lowering: Lowering, node: Node<OpOf<'Binary'>>): void {
  const { op } = node;
  const { dtype, shape } = lowering.outputType(node.outputs[0]);
  const kernel = FLOAT_KERNELS[op.fn];
  if (kernel === undefined || dtype !== 'float32') throw new LoweringError(`${op.fn} on ${dtype} has no kernel`);
  const operands = [lowering.value(node.inputs[0]), lowering.value(node.inputs[1])];
  broadcastCall(lowering, node.outputs[0], kernel, operands, shape);
  if (op.clamp === undefined) return;
  const y = lowering.value(node.outputs[0]);
  lowering.call({
    kernel: 'dnnrt_clamp_f32',
    args: [
      { kind: 'integer', value: elementCount(shape) },
      { kind: 'float', value: op.clamp.min },
      { kind: 'float', value: op.clamp.max },
      lowering.argument(y),
      lowering.argument(y),
    ],
    reads: lowering.reads(y),
    writes: lowering.reads(y),
  });
}

/** y = kernel(a, b) with broadcasting; makes the value `output`. */
export function broadcastCall(
  lowering: Lowering,
  output: string,
  kernel: string,
  operands: readonly LoweredValue[],
  shape: readonly number[],
): void {
  const { values, layout } = broadcastOperands(lowering, operands, shape);
  const [a, b] = values;
  const y = lowering.produce(output, layout);
  const count = elementCount(shape);
  const whole = [a, b].every((value) => elementCount(value.shape) === count && sameLayout(value.layout, layout));
  const axes = whole
    ? [{ size: count, a: 1, b: 1 }]
    : mergeBroadcast(shape, axisStrides(layout, shape) ?? [], broadcastStrides(a, shape), broadcastStrides(b, shape));
  lowering.call({
    kernel,
    params: {
      struct: 'dnnrt_broadcast_t',
      fields: {
        rank: axes.length,
        shape: padToRank(
          axes.map(({ size }) => size),
          1,
        ),
        a_stride: padToRank(
          axes.map((axis) => axis.a),
          0,
        ),
        b_stride: padToRank(
          axes.map((axis) => axis.b),
          0,
        ),
      },
    },
    args: [lowering.argument(a), lowering.argument(b), lowering.argument(y)],
    reads: lowering.reads(a, b),
    writes: [y.buffer],
    inPlace: [a, b].filter((value) => elementCount(value.shape) === count).flatMap((value) => value.buffer ?? []),
  });
}

/** The operand repeated to the full shape, in `layout`. */
function expanded(lowering: Lowering, value: LoweredValue, shape: readonly number[], layout: Layout): LoweredValue {
  if (elementCount(value.shape) === elementCount(shape)) return lowering.inLayout(value, layout);
  const yStrides = axisStrides(layout, shape);
  if (yStrides === undefined) throw new LoweringError('a repeated operand does not fit the layout of the result');
  const xStrides = broadcastStrides(value, shape);
  const type = lowering.storedType(value);
  const buffer = lowering.scratch(type, elementCount(shape));
  const result = { ...value, shape, layout, buffer };
  lowering.call({
    kernel: copyKernel(type),
    params: {
      struct: 'dnnrt_copy_t',
      fields: copyFields(
        mergeAxes(shape.map((size, axis) => ({ size, xStride: xStrides[axis], yStride: yStrides[axis] }))),
      ),
    },
    args: [lowering.argument(value), lowering.argument(result)],
    reads: lowering.reads(value),
    writes: [buffer],
  });
  return result;
}

/** QLinearAdd as fma(a, ra, fma(b, rb, f)) and QLinearMul, bit for bit as ONNX Runtime does on x86. */
export function lowerQLinearBinary(lowering: Lowering, node: Node<OpOf<'QLinearBinary'>>): void {
  const { op, inputs } = node;
  const { shape } = lowering.outputType(node.outputs[0]);
  const [left, right] = [lowering.signed(lowering.value(inputs[0])), lowering.signed(lowering.value(inputs[3]))];
  const { values, layout } = broadcastOperands(lowering, [left.value, right.value], shape);
  const [a, b] = values.map((value) => expanded(lowering, value, shape, layout));
  const output = outputQuantization(lowering, node.outputs[0], inputs[6], inputs[7], op.clamp);
  const number = (index: number, fallback?: number) =>
    scalar(lowering.optionalTensor(inputs[index], 'a quantization parameter'), 'a quantization parameter', fallback);
  const [aScale, aZero, bScale, bZero] = [number(1), number(2, 0), number(4), number(5, 0)];
  const yZero = output.zero + output.shift;
  const limits = { y_shift: output.shift, lo: output.lo + output.shift, hi: output.hi + output.shift };
  const n = elementCount(shape);
  const y = lowering.produce(node.outputs[0], layout, output.shift !== 0);
  const call = {
    args: [lowering.argument(a), lowering.argument(b), lowering.argument(y)],
    reads: lowering.reads(a, b),
    writes: [y.buffer],
    inPlace: lowering.reads(a, b),
  };
  if (op.fn === 'Mul') {
    const ratio = Math.fround(Math.fround(aScale * bScale) / output.scale);
    const fields = { n, ratio, a_zero: aZero - left.shift, b_zero: bZero - right.shift, y_zero: yZero, ...limits };
    lowering.call({ kernel: 'dnnrt_mul_s8', params: { struct: 'dnnrt_mul_s8_t', fields }, ...call });
    return;
  }
  const aRatio = Math.fround(aScale / output.scale);
  const bRatio = Math.fround(bScale / output.scale);
  const fixed = Math.fround(yZero - Math.fround(Math.fround(aRatio * aZero) + Math.fround(bRatio * bZero)));
  const fields = {
    n,
    a_ratio: aRatio,
    b_ratio: bRatio,
    fixed,
    a_shift: left.shift,
    b_shift: right.shift,
    ...limits,
  };
  lowering.call({ kernel: 'dnnrt_add_s8', params: { struct: 'dnnrt_add_s8_t', fields }, ...call });
}

export function lowerQLinearUnary(lowering: Lowering, node: Node<OpOf<'QLinearUnary'>>): void {
  const { op, inputs } = node;
  const source = lowering.value(inputs[0]);
  const { value: x, shift } = lowering.signed(source);
  const output = outputQuantization(lowering, node.outputs[0], inputs[3], inputs[4]);
  const number = (index: number, fallback?: number) =>
    scalar(lowering.optionalTensor(inputs[index], 'a quantization parameter'), 'a quantization parameter', fallback);
  const scales = { xScale: number(1), xZero: number(2, 0), yScale: output.scale, yZero: output.zero + output.shift };
  const table = lowering.constant('t', 'int8_t', 256, () =>
    Int8Array.from(
      unaryTable(op, scales, shift === 0, output.shift === 0 ? 'int8' : 'uint8'),
      (value) => value - output.shift,
    ),
  );
  const y = lowering.produce(node.outputs[0], x.layout, output.shift !== 0);
  lowering.call({
    kernel: 'dnnrt_lut_s8',
    args: [
      { kind: 'integer', value: elementCount(x.shape) },
      { kind: 'constant', id: table },
      lowering.argument(x),
      lowering.argument(y),
    ],
    reads: lowering.reads(x),
    writes: [y.buffer],
    inPlace: lowering.reads(x),
  });
}
