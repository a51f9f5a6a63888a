/** QLinearAdd, QLinearMul and functions of one quantized value, bit for bit as ONNX Runtime computes them on x86. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { addTerms } from '../../ops/integer/qlinear-binary.ts';
import { unaryTable } from '../../ops/integer/qlinear-unary.ts';
import { LoweringError } from '../codegen-error.ts';
import { axisStrides, type Layout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { broadcast, broadcastStrides } from './broadcast.ts';
import { scalar } from './constants.ts';
import { copyStep, mergeAxes } from './copy.ts';
import { invoke } from './invoke.ts';
import { outputQuantization } from './quantization.ts';

/** The operand repeated to the full shape, in `layout`. */
function expanded(lowering: Lowering, value: LoweredValue, shape: readonly number[], layout: Layout): LoweredValue {
  if (elementCount(value.shape) === elementCount(shape)) return lowering.inLayout(value, layout);
  const yStrides = axisStrides(layout, shape);
  if (yStrides === undefined) throw new LoweringError('a repeated operand does not fit the layout of the result');
  const xStrides = broadcastStrides(value, shape);
  const result = lowering.temporary({ ...value, shape, layout });
  const axes = shape.map((size, axis) => ({ size, xStride: xStrides[axis], yStride: yStrides[axis] }));
  const { kernel, params } = copyStep(lowering.storedType(value), mergeAxes(axes));
  invoke(lowering, { kernel, params: [params.struct, params.fields], operands: [value], results: [result] });
  return result;
}

function parameters(lowering: Lowering, inputs: readonly string[]): (index: number, fallback?: number) => number {
  return (index, fallback) =>
    scalar(lowering.optionalTensor(inputs[index], 'a quantization parameter'), 'a quantization parameter', fallback);
}

/** Add: fma(a, ra, fma(b, rb, f)); Mul: (a - az)(b - bz) · r + yz; see ops/integer/qlinear-binary.ts. */
export function lowerQLinearBinary(lowering: Lowering, node: Node<OpOf<'QLinearBinary'>>): void {
  const { op, inputs } = node;
  const { shape } = lowering.outputType(node.outputs[0]);
  const [left, right] = [lowering.signed(lowering.value(inputs[0])), lowering.signed(lowering.value(inputs[3]))];
  const { values, layout } = broadcast(lowering, [left.value, right.value], shape);
  const [a, b] = values.map((value) => expanded(lowering, value, shape, layout));
  const output = outputQuantization(lowering, node.outputs[0], inputs[6], inputs[7], op.clamp);
  const number = parameters(lowering, inputs);
  const [aScale, aZero, bScale, bZero] = [number(1), number(2, 0), number(4), number(5, 0)];
  const yZero = output.zero + output.shift;
  const limits = { y_shift: output.shift, lo: output.lo + output.shift, hi: output.hi + output.shift };
  const n = elementCount(shape);
  const y = lowering.produce(node.outputs[0], layout, output.shift !== 0);
  const call = { operands: [a, b], results: [y], inPlace: lowering.reads(a, b) };
  if (op.fn === 'Mul') {
    const ratio = Math.fround(Math.fround(aScale * bScale) / output.scale);
    const fields = { n, ratio, a_zero: aZero - left.shift, b_zero: bZero - right.shift, y_zero: yZero, ...limits };
    invoke(lowering, { kernel: 'dnnrt_mul_s8', params: ['dnnrt_mul_s8_t', fields], ...call });
    return;
  }
  const { ra, rb, fixed } = addTerms({ aScale, aZero, bScale, bZero, yScale: output.scale, yZero });
  const shifts = { a_shift: left.shift, b_shift: right.shift };
  const fields = { n, a_ratio: ra, b_ratio: rb, fixed, ...shifts, ...limits };
  invoke(lowering, { kernel: 'dnnrt_add_s8', params: ['dnnrt_add_s8_t', fields], ...call });
}

export function lowerQLinearUnary(lowering: Lowering, node: Node<OpOf<'QLinearUnary'>>): void {
  const { op, inputs } = node;
  const { value: x, shift } = lowering.signed(lowering.value(inputs[0]));
  const output = outputQuantization(lowering, node.outputs[0], inputs[3], inputs[4]);
  const number = parameters(lowering, inputs);
  const scales = { xScale: number(1), xZero: number(2, 0), yScale: output.scale, yZero: output.zero + output.shift };
  callTable(lowering, node.outputs[0], x, output.shift, () =>
    Int8Array.from(
      unaryTable(op, scales, shift === 0, output.shift === 0 ? 'int8' : 'uint8'),
      (value) => value - output.shift,
    ),
  );
}

export function lowerLookup(lowering: Lowering, node: Node<OpOf<'Lookup'>>): void {
  const [input, tableName] = node.inputs;
  const { value: x, shift } = lowering.signed(lowering.value(input));
  const table = lowering.tensor(tableName, 'the table');
  const yShift = table.dtype === 'uint8' ? 128 : 0;
  callTable(lowering, node.outputs[0], x, yShift, () =>
    Int8Array.from({ length: 256 }, (_, i) => Number(table.data[(i - 128 + shift) & 255]) - yShift),
  );
}

/** One look into a table for each stored value of x, the smallest first. */
function callTable(
  lowering: Lowering,
  output: string,
  x: LoweredValue,
  yShift: number,
  entries: () => Int8Array,
): void {
  const table = lowering.constant('t', 'int8_t', 256, entries);
  const y = lowering.produce(output, x.layout, yShift !== 0);
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
