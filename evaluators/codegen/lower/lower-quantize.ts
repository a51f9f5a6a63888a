/** QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: 8-bit per tensor by fast kernels, all others by the general ones. */
import { integerRange } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { softmaxTable } from '../../ops/integer/qlinear-softmax.ts';
import { LoweringError } from '../codegen-error.ts';
import { plainLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { scalar } from './constants.ts';
import { integerCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { plainOperand, required } from './lower-window3.ts';
import { outputQuantization } from './quantization.ts';
import { reductionOf } from './reduction.ts';

function isByte(dtype: string): boolean {
  return dtype === 'int8' || dtype === 'uint8';
}

function isConstantScalar(scale: LoweredValue): boolean {
  return scale.tensor !== undefined && elementCount(scale.shape) === 1;
}

/** Steps through the scales of an operand of `shape`: per tensor, per axis, or in blocks along the axis. */
function scaleFields(
  shape: readonly number[],
  op: { readonly axis: number; readonly blockSize: number },
  scale: LoweredValue,
  zero: LoweredValue | null,
): Record<string, FieldValue> {
  const count = elementCount(scale.shape);
  const axis = op.axis < 0 ? op.axis + shape.length : op.axis;
  const single = count === 1;
  const n = single ? 1 : shape[axis];
  const outer = single ? 1 : elementCount(shape.slice(0, axis));
  const inner = single ? elementCount(shape) : elementCount(shape.slice(axis + 1));
  const blocked = op.blockSize > 0 && !single;
  const blocks = blocked ? Math.ceil(n / op.blockSize) : n;
  return {
    outer,
    n,
    inner,
    block: blocked ? op.blockSize : 1,
    outer_step: blocked ? blocks * inner : 0,
    block_step: single ? 0 : blocked ? inner : 1,
    inner_step: blocked ? 1 : 0,
    zero_type: zero === null ? 0 : integerCode(zero.dtype),
  };
}

export function lowerQuantizeLinear(lowering: Lowering, node: Node<OpOf<'QuantizeLinear'>>): void {
  const { op, inputs, outputs } = node;
  const x = lowering.value(inputs[0]);
  if (lowering.storedType(x) !== 'float') throw new LoweringError(`quantizing ${x.dtype} has no kernel`);
  const [scale, zero] = [required(plainOperand(lowering, inputs[1])), plainOperand(lowering, inputs[2])];
  if (!isByte(op.to) || !isConstantScalar(scale) || (zero !== null && zero.tensor === undefined)) {
    const source = lowering.plain(x);
    const y = lowering.producePlain(outputs[0]);
    const [lo, hi] = integerRange(op.to as Parameters<typeof integerRange>[0]);
    const fields = { ...scaleFields(x.shape, op, scale, zero), type: integerCode(op.to), lo, hi };
    const params = ['dnnrt_quantize_axis_t', fields] as const;
    invoke(lowering, { kernel: 'dnnrt_quantize_axis_f32', params, operands: [source, scale, zero], results: [y] });
    return;
  }
  const output = outputQuantization(lowering, outputs[0], inputs[1], inputs[2]);
  const y = lowering.produce(outputs[0], x.layout, output.shift !== 0);
  const fields = { n: elementCount(x.shape), scale: output.scale, zero: output.zero, lo: output.lo, hi: output.hi };
  invoke(lowering, {
    kernel: 'dnnrt_quantize_f32_s8',
    params: ['dnnrt_affine_s8_t', fields],
    operands: [x],
    results: [y],
    // Byte i is written after element i, at bytes 4i to 4i + 3, has been read.
    inPlace: lowering.reads(x),
  });
}

export function lowerDequantizeLinear(lowering: Lowering, node: Node<OpOf<'DequantizeLinear'>>): void {
  const { op, inputs, outputs } = node;
  const source = lowering.value(inputs[0]);
  const [scale, zero] = [required(plainOperand(lowering, inputs[1])), plainOperand(lowering, inputs[2])];
  if (!isByte(source.dtype) || !isConstantScalar(scale) || (zero !== null && zero.tensor === undefined)) {
    const x = lowering.plain(lowering.unshifted(source));
    const y = lowering.producePlain(outputs[0]);
    const fields = {
      ...scaleFields(x.shape, op, scale, zero),
      type: integerCode(x.dtype),
      lo: 0,
      hi: 0,
    };
    const params = ['dnnrt_quantize_axis_t', fields] as const;
    invoke(lowering, { kernel: 'dnnrt_dequantize_axis_f32', params, operands: [x, scale, zero], results: [y] });
    return;
  }
  const { value: x, shift } = lowering.signed(source);
  const origin = scalar(zero?.tensor, 'the zero point', 0);
  const y = lowering.produce(outputs[0], x.layout);
  const fields = {
    n: elementCount(x.shape),
    scale: scalar(scale.tensor, 'the scale'),
    zero: origin - shift,
    lo: -128,
    hi: 127,
  };
  invoke(lowering, {
    kernel: 'dnnrt_dequantize_s8_f32',
    params: ['dnnrt_affine_s8_t', fields],
    operands: [x],
    results: [y],
  });
}

export function lowerDynamicQuantizeLinear(lowering: Lowering, node: Node<OpOf<'DynamicQuantizeLinear'>>): void {
  const x = lowering.plain(lowering.value(node.inputs[0]));
  const like: LoweredValue = { name: '', dtype: 'float32', shape: [1], layout: plainLayout([1]), shifted: false };
  const result = (index: number, dtype: 'uint8' | 'float32', shape: readonly number[]): LoweredValue => {
    const name = node.outputs[index];
    if (name !== undefined && name !== '') return lowering.producePlain(name);
    return lowering.temporary({ ...like, dtype, shape, layout: plainLayout(shape) });
  };
  const results = [result(0, 'uint8', x.shape), result(1, 'float32', [1]), result(2, 'uint8', [1])];
  const numbers = [elementCount(x.shape)];
  invoke(lowering, { kernel: 'dnnrt_dynamic_quantize_f32_u8', numbers, operands: [x], results });
}

export function lowerQLinearSoftmax(lowering: Lowering, node: Node<OpOf<'QLinearSoftmax'>>): void {
  const { value } = lowering.signed(lowering.value(node.inputs[0]));
  const axis = node.op.axis < 0 ? node.op.axis + value.shape.length : node.op.axis;
  const { x, outer, n, inner } = reductionOf(lowering, value, [axis]);
  const output = outputQuantization(lowering, node.outputs[0], node.inputs[3], node.inputs[4]);
  const scale = scalar(lowering.tensor(node.inputs[1], 'the input scale'), 'the input scale');
  const table = lowering.constant('t', 'float', 256, () => softmaxTable(scale, n));
  const inverse = Math.floor(Math.fround(1 / output.scale));
  const y = lowering.produce(node.outputs[0], x.layout, output.shift !== 0);
  invoke(lowering, {
    kernel: 'dnnrt_softmax_s8',
    params: ['dnnrt_softmax_s8_t', { outer, n, inner, table: { constant: table }, inverse, y_zero: output.zero }],
    operands: [x],
    results: [y],
    inPlace: lowering.reads(x),
  });
}
