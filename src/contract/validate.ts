/**
 * Checks a value against a wire schema. The compiled check is fast; only a value that fails is walked again, to say in
 * words where it is wrong (JSON path), what was expected and, for a misspelt key or choice, what was probably meant.
 */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { UserError } from '../errors.ts';
import { suggestName } from './suggest-name.ts';

export interface Issue {
  /** UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE or BAD_VALUE. */
  readonly code: string;
  /** JSON path: `space[0].low`; empty for the whole value. */
  readonly where: string;
  readonly message: string;
  readonly hint?: string;
}

/** Bad input with everything that is wrong with it; the first issue is the message. */
export class InvalidInputError extends UserError {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[], status = 400) {
    const [first] = issues;
    super({
      code: first?.code ?? 'BAD_VALUE',
      message: first === undefined ? 'the input is not valid' : first.message,
      ...(first !== undefined && first.where !== '' && { where: first.where }),
      ...(first?.hint !== undefined && { hint: first.hint }),
      status,
    });
    this.name = 'InvalidInputError';
    this.issues = issues;
  }
}

/** The part of JSON Schema that the contract uses. */
interface SchemaNode {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly description?: string;
}

const MAX_ISSUES = 20;
const compiled = new WeakMap<TSchema, { Check(value: unknown): boolean }>();

function checker(schema: TSchema): { Check(value: unknown): boolean } {
  let check = compiled.get(schema);
  if (check === undefined) {
    check = Compile(schema);
    compiled.set(schema, check);
  }
  return check;
}

export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function quote(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function join(where: string, key: string): string {
  if (!/^[A-Za-z_$][\w$@-]*$/.test(key)) return `${where}[${JSON.stringify(key)}]`;
  return where === '' ? key : `${where}.${key}`;
}

function choicesOf(schema: SchemaNode): readonly unknown[] | null {
  if (schema.enum !== undefined) return schema.enum;
  return 'const' in schema ? [schema.const] : null;
}

function typeOf(schema: SchemaNode): string {
  if (schema.type === 'integer') return 'number';
  if (schema.type !== undefined) return schema.type;
  const choices = choicesOf(schema);
  return choices === null ? 'any' : jsonType(choices[0]);
}

function describe(schema: SchemaNode): string {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(describe))].join(' or ');
  const choices = choicesOf(schema);
  if (choices !== null) return choices.length === 1 ? quote(choices[0]) : `one of ${choices.map(quote).join(', ')}`;
  if (schema.type === 'integer') return 'an integer';
  if (schema.type === 'object' || schema.type === 'array') return `an ${schema.type}`;
  return schema.type === undefined ? 'any value' : schema.type === 'null' ? 'null' : `a ${schema.type}`;
}

function label(where: string): string {
  return where === '' ? 'the input' : where;
}

function wrongType(schema: SchemaNode, value: unknown, where: string): Issue {
  return {
    code: 'WRONG_TYPE',
    where,
    message: `${label(where)}: expected ${describe(schema)}, got ${value === null ? 'null' : `${jsonType(value)} ${quote(value)}`}`,
  };
}

function badValue(where: string, message: string, hint?: string): Issue {
  return { code: 'BAD_VALUE', where, message: `${label(where)}: ${message}`, ...(hint !== undefined && { hint }) };
}

function explainChoice(choices: readonly unknown[], value: unknown, where: string): Issue[] {
  if (choices.includes(value)) return [];
  const expected = `expected ${choices.length === 1 ? quote(choices[0]) : `one of ${choices.map(quote).join(', ')}`}`;
  const near =
    typeof value === 'string'
      ? suggestName(
          value,
          choices.filter((choice) => typeof choice === 'string'),
        )
      : undefined;
  return [badValue(where, `${expected}, got ${quote(value)}`, near && `did you mean "${near}"?`)];
}

function explainNumber(schema: SchemaNode, value: number, where: string): Issue[] {
  if (!Number.isFinite(value)) return [badValue(where, `expected a finite number, got ${value}`)];
  if (schema.type === 'integer' && !Number.isInteger(value))
    return [{ ...wrongType(schema, value, where), code: 'WRONG_TYPE' }];
  if (schema.minimum !== undefined && value < schema.minimum)
    return [badValue(where, `must be at least ${schema.minimum}, got ${value}`)];
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum)
    return [badValue(where, `must be greater than ${schema.exclusiveMinimum}, got ${value}`)];
  if (schema.maximum !== undefined && value > schema.maximum)
    return [badValue(where, `must be at most ${schema.maximum}, got ${value}`)];
  return [];
}

function explainString(schema: SchemaNode, value: string, where: string): Issue[] {
  if (schema.minLength !== undefined && value.length < schema.minLength)
    return [badValue(where, `must have at least ${schema.minLength} characters`)];
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    return [badValue(where, `must have at most ${schema.maxLength} characters, has ${value.length}`)];
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value))
    return [badValue(where, `${quote(value)} is not allowed here`, schema.description ?? `pattern: ${schema.pattern}`)];
  return [];
}

function explainArray(schema: SchemaNode, value: readonly unknown[], where: string): Issue[] {
  const issues: Issue[] = [];
  if (schema.minItems !== undefined && value.length < schema.minItems)
    issues.push(badValue(where, `must have at least ${schema.minItems} item${schema.minItems === 1 ? '' : 's'}`));
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    issues.push(badValue(where, `must have at most ${schema.maxItems} items, has ${value.length}`));
  const { items } = schema;
  if (items !== undefined) {
    for (let i = 0; i < value.length && issues.length < MAX_ISSUES; i++)
      issues.push(...explain(items, value[i], `${where}[${i}]`));
  }
  return issues;
}

function explainObject(schema: SchemaNode, value: Readonly<Record<string, unknown>>, where: string): Issue[] {
  const issues: Issue[] = [];
  const known = schema.properties ?? {};
  const anyKey = Object.values(schema.patternProperties ?? {})[0];
  for (const key of Object.keys(value)) {
    if (issues.length >= MAX_ISSUES) return issues;
    if (Object.hasOwn(known, key)) {
      const property = known[key];
      if (property !== undefined) issues.push(...explain(property, value[key], join(where, key)));
    } else if (anyKey !== undefined) {
      issues.push(...explain(anyKey, value[key], join(where, key)));
    } else if (schema.additionalProperties === false) {
      const near = suggestName(key, Object.keys(known));
      issues.push({
        code: 'UNKNOWN_KEY',
        where: join(where, key),
        message: `unknown key "${key}"${where === '' ? '' : ` in ${where}`}`,
        hint: near === undefined ? `known keys: ${Object.keys(known).join(', ')}` : `did you mean "${near}"?`,
      });
    }
  }
  for (const key of schema.required ?? []) {
    if (Object.hasOwn(value, key)) continue;
    const property = known[key];
    issues.push({
      code: 'MISSING_KEY',
      where: join(where, key),
      message: `${join(where, key)} is missing: expected ${property === undefined ? 'a value' : describe(property)}`,
    });
  }
  return issues;
}

/** Of several object forms: the one whose fixed keys (kind, type) match, otherwise the one with the fewest unknown or missing keys. */
function explainUnion(variants: readonly SchemaNode[], value: unknown, where: string): Issue[] {
  const type = jsonType(value);
  const candidates = variants.filter((variant) => typeOf(variant) === type || typeOf(variant) === 'any');
  if (candidates.length === 0) return [wrongType({ anyOf: variants }, value, where)];
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return explain(only, value, where);
  if (type !== 'object') {
    const choices = candidates.flatMap((variant) => choicesOf(variant) ?? []);
    return choices.length > 0 ? explainChoice(choices, value, where) : explain(only ?? {}, value, where);
  }
  const object = value as Readonly<Record<string, unknown>>;
  const tag = Object.keys(only?.properties ?? {}).find((key) =>
    candidates.every((variant) => variant.required?.includes(key) && 'const' in (variant.properties?.[key] ?? {})),
  );
  if (tag !== undefined) {
    const tagged = candidates.find((variant) => choicesOf(variant.properties?.[tag] ?? {})?.includes(object[tag]));
    if (tagged !== undefined) return explain(tagged, value, where);
    const choices = candidates.flatMap((variant) => choicesOf(variant.properties?.[tag] ?? {}) ?? []);
    if (!Object.hasOwn(object, tag)) {
      const message = `${join(where, tag)} is missing: expected one of ${choices.map(quote).join(', ')}`;
      return [{ code: 'MISSING_KEY', where: join(where, tag), message }];
    }
    return explainChoice(choices, object[tag], join(where, tag));
  }
  const attempts = candidates.map((variant) => explain(variant, value, where));
  return attempts.reduce((best, issues) => (issues.length < best.length ? issues : best));
}

function explain(schema: SchemaNode, value: unknown, where: string): Issue[] {
  if (schema.anyOf !== undefined) return explainUnion(schema.anyOf, value, where);
  const choices = choicesOf(schema);
  if (choices !== null) return explainChoice(choices, value, where);
  if (schema.type === undefined) return [];
  if (typeOf(schema) !== jsonType(value)) return [wrongType(schema, value, where)];
  if (typeof value === 'number') return explainNumber(schema, value, where);
  if (typeof value === 'string') return explainString(schema, value, where);
  if (Array.isArray(value)) return explainArray(schema, value, where);
  if (typeof value === 'object' && value !== null)
    return explainObject(schema, value as Readonly<Record<string, unknown>>, where);
  return [];
}

/** Everything that is wrong with `value`; empty when it is valid. */
export function findIssues(schema: TSchema, value: unknown): readonly Issue[] {
  if (checker(schema).Check(value)) return [];
  const issues = explain(schema as SchemaNode, value, '');
  return issues.length > 0 ? issues : [badValue('', 'is not valid')];
}

/** Returns `value` with its static type. Throws `InvalidInputError` (400 unless `status` is given). */
export function validate<T extends TSchema>(schema: T, value: unknown, status?: number): Static<T> {
  const issues = findIssues(schema, value);
  if (issues.length > 0) throw new InvalidInputError(issues, status);
  return value as Static<T>;
}
