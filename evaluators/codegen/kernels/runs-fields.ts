/** Rows of equally spaced runs of bytes, as dnnrt_copy_runs takes them. */
import type { FieldValue } from '../program.ts';

interface Side {
  /** Bytes from one run to the next. */
  readonly step: number;
  /** Bytes from one row of runs to the next. */
  readonly row?: number;
  /** Byte of the first run. */
  readonly offset?: number;
}

export interface Runs {
  readonly rows: number;
  readonly columns: number;
  /** Bytes. */
  readonly run: number;
  readonly x: Side;
  readonly y: Side;
}

/** Runs that follow each other on both sides are one, and so are rows. */
function joined({ rows, columns, run, x, y }: Runs): Required<Runs> {
  const isOneRow = x.row === columns * x.step && y.row === columns * y.step;
  const [high, wide] = isOneRow ? [1, rows * columns] : [rows, columns];
  const isOneRun = x.step === run && y.step === run;
  const [count, length] = isOneRun ? [1, wide * run] : [wide, run];
  const side = ({ step, row = 0, offset = 0 }: Side) => ({
    step: count === 1 ? 0 : step,
    row: high === 1 ? 0 : row,
    offset,
  });
  return { rows: high, columns: count, run: length, x: side(x), y: side(y) };
}

/** Members of dnnrt_runs_t. */
export function runsFields(runs: Runs): Record<string, FieldValue> {
  const { rows, columns, run, x, y } = joined(runs);
  return {
    rows,
    columns,
    run,
    x_row: x.row ?? 0,
    x_step: x.step,
    y_row: y.row ?? 0,
    y_step: y.step,
    x_offset: x.offset ?? 0,
    y_offset: y.offset ?? 0,
  };
}
