/** Parameter structures as designated initialisers. */

import { type FieldType, STRUCTS, type StructName } from '../kernels/kernel-table.ts';
import type { FieldValue } from '../program.ts';
import { floatLiteral } from './c-writer.ts';

type Fields = Readonly<Record<string, FieldValue>>;

type ConstantText = (id: string) => string;

/** `static const dnnrt_fc_s8_t l3 = {…};` Throws when a field is missing or unknown. */
export function emitStructure(
  id: string,
  params: { readonly struct: StructName; readonly fields: Fields },
  constantText: ConstantText = (constant) => constant,
): string[] {
  const lines = members(params.struct, params.fields, '  ', constantText);
  return [`static const ${params.struct} ${id} = {`, ...lines, '};'];
}

function members(struct: StructName, fields: Fields, indent: string, constantText: ConstantText): string[] {
  const known = new Set(STRUCTS[struct].map(([name]) => name));
  const stray = Object.keys(fields).find((name) => !known.has(name));
  if (stray !== undefined) throw new Error(`${struct} has no member ${stray}`);
  return STRUCTS[struct].flatMap(([name, type]) => {
    const value = fields[name];
    if (value === undefined) throw new Error(`${struct}.${name} has no value`);
    return member(name, type, value, indent, constantText);
  });
}

function member(
  name: string,
  type: FieldType,
  value: FieldValue,
  indent: string,
  constantText: ConstantText,
): string[] {
  if (value !== null && typeof value === 'object' && 'fields' in value) {
    if (typeof type === 'string' || !('struct' in type)) throw new Error(`${name} is no structure`);
    return [`${indent}.${name} = {`, ...members(type.struct, value.fields, `${indent}  `, constantText), `${indent}},`];
  }
  if (value !== null && typeof value === 'object' && 'constant' in value) {
    const skip = value.skip === undefined || value.skip === 0 ? '' : ` + ${value.skip}`;
    const text = constantText(value.constant);
    return [`${indent}.${name} = ${text}${text === '0' ? '' : skip},`];
  }
  return [`${indent}.${name} = ${literal(type, value)},`];
}

function literal(type: FieldType, value: FieldValue): string {
  if (value === null) return '0';
  if (typeof value === 'number') return type === 'f32' ? floatLiteral(value) : String(value);
  if ('constant' in value) throw new Error('a constant inside an array');
  if ('function' in value) return value.function;
  if ('buffer' in value) return `(const void *)${value.buffer.toUpperCase()}`;
  if ('fields' in value) throw new Error('a structure inside an array');
  const isFloat = typeof type !== 'string' && 'of' in type && type.of === 'f32';
  return `{${value.map((element) => (isFloat ? floatLiteral(element) : String(element))).join(', ')}}`;
}
