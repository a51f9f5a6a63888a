/** Calls of dnnrt_copy_runs: from one image into another. */
import type { LoweredValue, Lowering } from '../lowering.ts';
import { type Runs, runsFields } from './runs-fields.ts';

export function copyRuns(
  lowering: Lowering,
  from: LoweredValue,
  to: LoweredValue & { readonly buffer: string },
  runs: Runs,
): void {
  lowering.call({
    kernel: 'dnnrt_copy_runs',
    params: { struct: 'dnnrt_runs_t', fields: runsFields(runs) },
    args: [lowering.argument(from), lowering.argument(to)],
    reads: lowering.reads(from),
    writes: [to.buffer],
  });
}
