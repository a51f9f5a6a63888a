/**
 * Cast between any two types. float16 values are stored as float32, so a cast from them to float32 moves nothing, and one to float16
 * rounds.
 */
import { type DType, integerRange, isFloat } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { BOOL_CODE, DOUBLE_CODE, FLOAT_CODE, integerCode } from './element-code.ts';
import { invoke } from './invoke.ts';

export function lowerCast(lowering: Lowering, node: Node<OpOf<'Cast'>>): void {
  const source = lowering.unshifted(lowering.value(node.inputs[0]));
  const { to } = node.op;
  const x = source.dtype === 'float64' && to === 'float16' ? convert(lowering, source, 'float32') : source;
  if (isFloat(x.dtype) && to === 'float16' && x.dtype !== to) {
    const y = lowering.produce(node.outputs[0], x.layout);
    const numbers = [elementCount(x.shape)];
    invoke(lowering, { kernel: 'dnnrt_round_f16', numbers, operands: [x], results: [y], inPlace: lowering.reads(x) });
    return;
  }
  if (x.dtype === to || (isSingle(x.dtype) && isSingle(to))) {
    lowering.alias(node.outputs[0], x, x.layout);
    return;
  }
  convert(lowering, x, to, lowering.produce(node.outputs[0], x.layout));
}

function isSingle(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16';
}

function codeOf(dtype: DType): number {
  return dtype === 'float64' ? DOUBLE_CODE : isFloat(dtype) ? FLOAT_CODE : integerCode(dtype);
}

/** x as `to`, in `target` or a buffer of its own. */
export function convert(lowering: Lowering, x: LoweredValue, to: DType, target?: LoweredValue): LoweredValue {
  const n = elementCount(x.shape);
  const y = target ?? lowering.temporary({ ...x, dtype: to });
  const values = { operands: [x], results: [y] };
  const [lo, hi] = rangeOf(to);
  const code = to === 'bool' ? BOOL_CODE : isFloat(to) ? 0 : integerCode(to);
  if (x.dtype === 'float64' || to === 'float64') {
    const fields = { n, from: codeOf(x.dtype), to: to === 'bool' ? BOOL_CODE : codeOf(to), lo, hi };
    invoke(lowering, { kernel: 'dnnrt_cast_f64', params: ['dnnrt_cast_t', fields], ...values });
  } else if (to === 'int4' || to === 'uint4') {
    if (!isFloat(x.dtype)) throw new LoweringError(`a cast from ${x.dtype} to ${to} has no kernel`);
    invoke(lowering, {
      kernel: 'dnnrt_cast_f32_int',
      params: ['dnnrt_cast_t', { n, from: 0, to: code, lo, hi }],
      ...values,
    });
  } else if (isFloat(to)) {
    const fields = { n, from: integerCode(x.dtype), to: 0, lo: 0, hi: 0 };
    invoke(lowering, { kernel: 'dnnrt_cast_int_f32', params: ['dnnrt_cast_t', fields], ...values });
  } else if (isFloat(x.dtype)) {
    const fields = { n, from: 0, to: code, lo, hi };
    invoke(lowering, { kernel: 'dnnrt_cast_f32_int', params: ['dnnrt_cast_t', fields], ...values });
  } else {
    const fields = { n, from: integerCode(x.dtype), to: code, lo, hi };
    invoke(lowering, { kernel: 'dnnrt_cast_int', params: ['dnnrt_cast_t', fields], ...values });
  }
  return y;
}

/** Range of an integer type of at most 32 bits; wider ones saturate by themselves. */
function rangeOf(dtype: DType): readonly [number, number] {
  if (dtype === 'bool' || dtype === 'int64' || dtype === 'uint64' || isFloat(dtype)) return [0, 0];
  return integerRange(dtype as Parameters<typeof integerRange>[0]);
}
