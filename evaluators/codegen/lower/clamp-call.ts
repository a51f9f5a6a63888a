/** The call that limits floats; several families fold an activation this way. */
import { isFloat } from '../../ir/dtype.ts';
import { elementCount } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';

/** y = min(max(x, lo), hi) on floats. */
export function clampCall(lowering: Lowering, x: LoweredValue, y: LoweredValue, lo: number, hi: number): void {
  if (!isFloat(x.dtype)) throw new LoweringError(`limiting values of type ${x.dtype} has no kernel`);
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
