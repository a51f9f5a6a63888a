/** Values of command-line options: numbers with units, lists, `key=value` pairs. Each parser throws a usage error. */
import { EXIT, UserError } from '../errors.ts';

function usage(message: string, hint?: string): UserError {
  return new UserError({ code: 'USAGE', message, exitCode: EXIT.usage, ...(hint === undefined ? {} : { hint }) });
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1000,
  KiB: 1024,
  MB: 1e6,
  MiB: 1024 ** 2,
  GB: 1e9,
  GiB: 1024 ** 3,
};

/** `65536`, `64 KiB`, `60kB` -> bytes. */
export function parseByteCount(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(text);
  const factor =
    match === null ? undefined : Object.hasOwn(BYTE_UNITS, match[2] ?? '') ? BYTE_UNITS[match[2] ?? ''] : undefined;
  const bytes = Number(match?.[1]) * (factor ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw usage(
      `${JSON.stringify(text)} is not a number of bytes`,
      `units: ${Object.keys(BYTE_UNITS)
        .filter((unit) => unit !== '')
        .join(', ')}`,
    );
  }
  return bytes;
}

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0 || text.trim() === '')
    throw usage(`${JSON.stringify(text)} is not a whole number`);
  return value;
}

export function parsePositive(text: string): number {
  const value = parseCount(text);
  if (value === 0) throw usage('the number must be at least 1');
  return value;
}

export function parseNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || text.trim() === '') throw usage(`${JSON.stringify(text)} is not a number`);
  return value;
}

/** `1.1,1.1` -> [1.1, 1.1] */
export function parseNumberList(text: string): number[] {
  return text.split(',').map(parseNumber);
}

/** `accuracy=0.98` -> ['accuracy', 0.98] */
export function parseMetric(text: string): [string, number] {
  const at = text.indexOf('=');
  if (at <= 0)
    throw usage(
      `${JSON.stringify(text)} is not of the form metric=value`,
      'for example: tinypareto tell tr_… accuracy=0.98 romBytes=60000',
    );
  return [text.slice(0, at), parseNumber(text.slice(at + 1))];
}
