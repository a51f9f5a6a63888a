/** Numbers out of the fields of a call's parameter structure. */
import type { FieldValue } from '../program.ts';

export type Fields = Readonly<Record<string, FieldValue>>;

/** 0 for a field that is no number. */
export function numberOf(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' ? value : 0;
}

export function nested(value: FieldValue | undefined): Fields | undefined {
  return value !== null && typeof value === 'object' && 'fields' in value ? value.fields : undefined;
}

/** Whether results have narrower limits than their type. */
export function isClamped(fields: Fields): boolean {
  const requantize = nested(fields['requantize']);
  return requantize !== undefined && (numberOf(requantize, 'lo') !== -128 || numberOf(requantize, 'hi') !== 127);
}
