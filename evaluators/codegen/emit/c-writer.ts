/** Literals of C: numbers that read back to the same bits, and tables of them. */
import type { TypedArray } from '../../ir/dtype.ts';

/** Shortest decimal that reads back to the same float32. */
export function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return 'NAN';
  if (value === Number.POSITIVE_INFINITY) return 'INFINITY';
  if (value === Number.NEGATIVE_INFINITY) return '-INFINITY';
  if (Object.is(value, -0)) return '-0.0f';
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === Math.fround(value)) return `${withPoint(text)}f`;
  }
  return `${withPoint(value.toPrecision(9))}f`;
}

function doubleLiteral(value: number): string {
  if (!Number.isFinite(value)) return floatLiteral(value);
  return Object.is(value, -0) ? '-0.0' : withPoint(String(value));
}

function withPoint(text: string): string {
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function integerLiteral(value: number | bigint): string {
  // The most negative literals would be parsed as minus of a number that does not fit.
  if (value === -2147483648) return '(-2147483647 - 1)';
  if (value === -(2n ** 63n)) return '(-9223372036854775807LL - 1)';
  if (typeof value === 'bigint') return value > 2n ** 63n - 1n ? `${value}ULL` : `${value}LL`;
  return value > 2147483647 ? `${value}U` : String(value);
}

/** The elements as lines of at most about 110 characters, indented. */
export function tableLines(data: TypedArray): string[] {
  const literal =
    data instanceof Float32Array || data instanceof Float16Array
      ? (value: number | bigint) => floatLiteral(Number(value))
      : data instanceof Float64Array
        ? (value: number | bigint) => doubleLiteral(Number(value))
        : integerLiteral;
  const lines: string[] = [];
  let line = '';
  for (const value of data) {
    const text = `${literal(value)},`;
    if (line.length + text.length > 110) {
      lines.push(`  ${line.trimEnd()}`);
      line = '';
    }
    line += `${text} `;
  }
  if (line !== '') lines.push(`  ${line.trimEnd()}`);
  return lines;
}
