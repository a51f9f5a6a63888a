/** The call that limits floats; several families fold an activation this way. */
import { isFloat } from '../../ir/dtype.ts';
import { elementCount } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { padToRank } from './copy.ts';
import { binaryCode, DOUBLE_CODE } from './element-code.ts';

/** y = min(max(x, lo), hi) on floats. */
export function clampCall(lowering: Lowering, x: LoweredValue, y: LoweredValue, lo: number, hi: number): void {
  if (!isFloat(x.dtype)) throw new LoweringError(`limiting values of type ${x.dtype} has no kernel`);
  if (x.dtype === 'float64') {
    limitDoubles(lowering, 'Max', x, y, lo);
    limitDoubles(lowering, 'Min', y, y, hi);
    return;
  }
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
    writes: lowering.reads(y),
    inPlace: lowering.reads(x),
  });
}

function limitDoubles(lowering: Lowering, fn: 'Max' | 'Min', x: LoweredValue, y: LoweredValue, limit: number): void {
  const constant = lowering.constant('k', 'double', 1, () => Float64Array.of(limit));
  const broadcast = {
    rank: 1,
    shape: padToRank([elementCount(x.shape)], 1),
    a_stride: padToRank([1], 0),
    b_stride: padToRank([0], 0),
  };
  const types = { type: DOUBLE_CODE, b_type: DOUBLE_CODE, y_type: DOUBLE_CODE };
  lowering.call({
    kernel: 'dnnrt_binary_f64',
    params: {
      struct: 'dnnrt_binary_int_t',
      fields: { broadcast: { fields: broadcast }, operation: binaryCode(fn), ...types },
    },
    args: [lowering.argument(x), { kind: 'constant', id: constant }, lowering.argument(y)],
    reads: lowering.reads(x),
    writes: lowering.reads(y),
    inPlace: lowering.reads(x),
  });
}
