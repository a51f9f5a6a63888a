/** CSV files of numbers with a header line, with errors that name file, line and column. */
import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';

export interface NumberTable {
  readonly columns: readonly string[];
  /** One number per column; NaN in a column of names that holds none. */
  readonly rows: readonly (readonly number[])[];
  /** The same as text. */
  readonly cells: readonly (readonly string[])[];
  /** The line of each row, from 1. */
  readonly lines: readonly number[];
}

function bad(where: string, message: string, hint?: string): UserError {
  return new UserError({ code: 'BAD_CSV', message, where, ...(hint === undefined ? {} : { hint }) });
}

/**
 * Reads comma-separated numbers. A first line that is not all numbers is the header; without one, columns are named c1, c2 …
 * Empty lines and lines that start with # are skipped. `names` are columns that may hold anything.
 */
export function readNumberTable(file: string, names: readonly string[] = []): NumberTable {
  const text = readFileSync(file, 'utf8');
  let columns: string[] | undefined;
  const rows: number[][] = [];
  const texts: string[][] = [];
  const lines: number[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const cells = line.split(',').map((cell) => cell.trim());
    const numbers = cells.map((cell) => (cell === '' ? Number.NaN : Number(cell)));
    if (columns === undefined) {
      if (numbers.some(Number.isNaN)) {
        columns = cells;
        continue;
      }
      columns = cells.map((_, i) => `c${i + 1}`);
    }
    if (cells.length !== columns.length) {
      throw bad(`${file}:${index + 1}`, `${cells.length} cells where the first line has ${columns.length}`);
    }
    const isName = columns.map((column) => names.includes(column));
    const wrong = numbers.findIndex((value, i) => !Number.isFinite(value) && isName[i] !== true);
    if (wrong >= 0) {
      throw bad(
        `${file}:${index + 1}`,
        `column ${columns[wrong]} is ${JSON.stringify(cells[wrong])}, not a finite number`,
      );
    }
    rows.push(numbers);
    texts.push(cells);
    lines.push(index + 1);
  }
  if (columns === undefined) throw bad(file, 'the file is empty', 'one row of comma-separated numbers per line');
  return { columns, rows, cells: texts, lines };
}

/** The index of each named column. Throws naming what is missing. */
export function columnIndexes<K extends string>(
  table: NumberTable,
  file: string,
  names: readonly K[],
): Record<K, number> {
  const result = {} as Record<K, number>;
  for (const name of names) {
    const at = table.columns.indexOf(name);
    if (at < 0)
      throw bad(
        `${file}:1`,
        `column "${name}" is missing`,
        `expected the columns ${names.join(',')}; found ${table.columns.join(',')}`,
      );
    result[name] = at;
  }
  return result;
}
