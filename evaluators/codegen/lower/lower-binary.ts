/** Binary, Variadic and Where with multidirectional broadcasting. */
import { type DType, isFloat } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import type { BinaryFunction, OpOf } from '../../ir/op.ts';
import { tensor } from '../../ir/tensor.ts';
import { elementBytes } from '../element-type.ts';
import { plainLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { broadcast, broadcastFields, overwritable } from './broadcast.ts';
import { clampCall } from './clamp-call.ts';
import { padToRank } from './copy.ts';
import { binaryCode, DOUBLE_CODE, integerCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { convert } from './lower-cast.ts';

const FLOAT_KERNELS: { readonly [F in BinaryFunction]?: string } = {
  Add: 'dnnrt_add_f32',
  Sub: 'dnnrt_sub_f32',
  Mul: 'dnnrt_mul_f32',
  Div: 'dnnrt_div_f32',
  Max: 'dnnrt_max_f32',
  Min: 'dnnrt_min_f32',
  Pow: 'dnnrt_pow_f32',
  Mod: 'dnnrt_mod_f32',
  Fmod: 'dnnrt_fmod_f32',
  PRelu: 'dnnrt_prelu_f32',
  Equal: 'dnnrt_equal_f32',
  Greater: 'dnnrt_greater_f32',
  GreaterOrEqual: 'dnnrt_greater_or_equal_f32',
  Less: 'dnnrt_less_f32',
  LessOrEqual: 'dnnrt_less_or_equal_f32',
};

export function lowerBinary(lowering: Lowering, node: Node<OpOf<'Binary'>>): void {
  const { fn, clamp } = node.op;
  const operands = [lowering.value(node.inputs[0]), lowering.value(node.inputs[1])];
  const y = broadcastOperation(lowering, node.outputs[0], fn, operands);
  if (clamp !== undefined) clampCall(lowering, y, y, clamp.min, clamp.max);
}

/** y = fn(a, b) as the value `output`. */
export function broadcastOperation(
  lowering: Lowering,
  output: string,
  fn: BinaryFunction,
  operands: readonly LoweredValue[],
): LoweredValue {
  const [a, b] = operands.map((value) => lowering.unshifted(value));
  const mixedPower = fn === 'Pow' && isFloat(a.dtype) !== isFloat(b.dtype);
  if (mixedPower) return mixed(lowering, output, a, b);
  const { dtype, shape } = lowering.outputType(output);
  const { values, layout, axes } = broadcast(lowering, [a, b], shape);
  const y = lowering.produce(output, layout);
  const call = { operands: values, results: [y] };
  // A result narrower or wider than its operands would run over elements that are not read yet.
  const inPlace = dtype === a.dtype ? overwritable(values, shape, layout) : [];
  const isDouble = a.dtype === 'float64';
  const kernel = isFloat(a.dtype) && !isDouble ? FLOAT_KERNELS[fn] : undefined;
  if (kernel !== undefined) {
    invoke(lowering, { kernel, params: ['dnnrt_broadcast_t', broadcastFields(axes)], ...call, inPlace });
    return y;
  }
  const fields = {
    broadcast: { fields: broadcastFields(axes) },
    operation: binaryCode(fn),
    ...(isDouble ? { type: DOUBLE_CODE, b_type: DOUBLE_CODE, y_type: DOUBLE_CODE } : integerTypes(a, b, dtype)),
  };
  const general = isDouble ? 'dnnrt_binary_f64' : 'dnnrt_binary_int';
  invoke(lowering, { kernel: general, params: ['dnnrt_binary_int_t', fields], ...call, inPlace });
  return y;
}

function integerTypes(a: LoweredValue, b: LoweredValue, y: DType) {
  return { type: integerCode(a.dtype), b_type: integerCode(b.dtype), y_type: integerCode(y) };
}

/** A power of a float by an integer, or of an integer by a float, in float. */
function mixed(lowering: Lowering, output: string, a: LoweredValue, b: LoweredValue): LoweredValue {
  const { shape } = lowering.outputType(output);
  const [base, exponent] = [a, b].map((value) => (isFloat(value.dtype) ? value : convert(lowering, value, 'float32')));
  const { values, layout, axes } = broadcast(lowering, [base, exponent], shape);
  const buffer = lowering.temporary({ ...base, shape, layout });
  invoke(lowering, {
    kernel: 'dnnrt_pow_f32',
    params: ['dnnrt_broadcast_t', broadcastFields(axes)],
    operands: values,
    results: [buffer],
  });
  if (isFloat(a.dtype)) {
    lowering.alias(output, buffer, layout);
    return lowering.value(output);
  }
  const y = lowering.produce(output, layout);
  convert(lowering, buffer, a.dtype, y);
  return y;
}

const VARIADIC = { Sum: 'Add', Mean: 'Add', Max: 'Max', Min: 'Min' } as const;

export function lowerVariadic(lowering: Lowering, node: Node<OpOf<'Variadic'>>): void {
  const { fn } = node.op;
  const [first, ...rest] = node.inputs.map((name) => lowering.value(name));
  if (rest.length === 0) {
    lowering.alias(node.outputs[0], first, first.layout);
    return;
  }
  let sum = first;
  for (const value of rest) sum = broadcastOperation(lowering, node.outputs[0], VARIADIC[fn], [sum, value]);
  if (fn !== 'Mean') return;
  // Float kernels multiply, which is faster; doubles are divided, which is exact.
  const isDouble = sum.dtype === 'float64';
  const count = tensor('float64', [1], Float64Array.of(isDouble ? node.inputs.length : 1 / node.inputs.length));
  const factor = { name: '', dtype: sum.dtype, shape: [1], layout: plainLayout([1]), shifted: false, tensor: count };
  broadcastOperation(lowering, node.outputs[0], isDouble ? 'Div' : 'Mul', [sum, factor]);
}

export function lowerWhere(lowering: Lowering, node: Node<OpOf<'Where'>>): void {
  const operands = [0, 1, 2].map((index) => lowering.unshifted(lowering.value(node.inputs[index])));
  const { shape } = lowering.outputType(node.outputs[0]);
  // The result takes its layout from a or b: the condition has elements of another size.
  const { values, layout, axes } = broadcast(lowering, [operands[1], operands[2], operands[0]], shape);
  const y = lowering.produce(node.outputs[0], layout);
  const fields = {
    broadcast: { fields: broadcastFields(axes) },
    condition_stride: padToRank(
      axes.map(({ strides }) => strides[2]),
      0,
    ),
  };
  invoke(lowering, {
    kernel: `dnnrt_where_${8 * elementBytes(lowering.storedType(y))}`,
    params: ['dnnrt_where_t', fields],
    operands: [values[2], values[0], values[1]],
    results: [y],
  });
}
