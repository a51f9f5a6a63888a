/** Instances of the memory planner as CSV. */
import { UserError } from '../errors.ts';
import { columnIndexes, readNumberTable } from './read-csv.ts';

export interface TableBuffer {
  readonly id: number | string;
  readonly lower: number;
  readonly upper: number;
  readonly size: number;
  /** Bank that it must lie in. */
  readonly pool?: string;
}

/** Buffers of a MiniMalloc instance: columns id, lower, upper, size, and pool where some must lie in one bank. */
export function readPlanTable(file: string): TableBuffer[] {
  const table = readNumberTable(file, ['id', 'pool']);
  const poolAt = table.columns.indexOf('pool');
  const column = columnIndexes(table, file, ['id', 'lower', 'upper', 'size']);
  const seen = new Set<number | string>();
  return table.rows.map((row, i) => {
    const [number = 0, lower = 0, upper = 0, size = 0] = [column.id, column.lower, column.upper, column.size].map(
      (at) => row[at] ?? 0,
    );
    const id = Number.isFinite(number) ? number : (table.cells[i]?.[column.id] ?? '');
    const where = `${file}:${table.lines[i]}`;
    if (seen.has(id)) throw badBuffer(where, `id ${id} appears twice`);
    seen.add(id);
    if (!(lower < upper))
      throw badBuffer(where, `the lifetime [${lower}, ${upper}) is empty: lower must be less than upper`);
    if (!Number.isSafeInteger(size) || size < 0) throw badBuffer(where, `size ${size} is not a byte count`);
    const pool = table.cells[i]?.[poolAt] ?? '';
    return { id, lower, upper, size, ...(pool === '' ? {} : { pool }) };
  });
}

function badBuffer(where: string, message: string): UserError {
  return new UserError({ code: 'BAD_BUFFER', message, where });
}
