/** Typed access to the attributes of a node. Remembers which were read, so that unknown ones can be reported. */
import type { Tensor } from '../ir/tensor.ts';
import { decodeTensor } from './decode-tensor.ts';
import { type AttributeProto, type GraphProto, AttributeProto_AttributeType as Kind } from './generated/onnx_pb.js';
import { ProblemFound } from './import-error.ts';
import type { ImportLimits } from './limits.ts';

/** Numbers that a user's model may hold are shown with at most this many digits or letters. */
const SHOWN = 80;

export class Attributes {
  readonly #byName = new Map<string, AttributeProto>();
  readonly #read = new Set<string>();
  readonly #limits: ImportLimits;

  constructor(attributes: readonly AttributeProto[], limits: ImportLimits) {
    this.#limits = limits;
    for (const attribute of attributes) {
      if (this.#byName.has(attribute.name)) throw badAttribute(attribute.name, 'is given twice');
      this.#byName.set(attribute.name, attribute);
    }
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  #find(name: string, ...kinds: readonly Kind[]): AttributeProto | undefined {
    this.#read.add(name);
    const attribute = this.#byName.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.refAttrName !== '') throw badAttribute(name, 'refers to an attribute outside a function');
    // Files of IR version 1 leave the type out; the field that is filled then decides.
    if (attribute.type !== Kind.UNDEFINED && !kinds.includes(attribute.type))
      throw badAttribute(name, 'has the wrong type');
    return attribute;
  }

  int(name: string, fallback: number): number {
    const attribute = this.#find(name, Kind.INT);
    return attribute === undefined ? fallback : safeInteger(name, attribute.i);
  }

  optionalInt(name: string): number | undefined {
    return this.has(name) ? this.int(name, 0) : undefined;
  }

  flag(name: string, fallback: boolean): boolean {
    return this.int(name, fallback ? 1 : 0) !== 0;
  }

  /** Attributes are single precision, defaults too. */
  float(name: string, fallback: number): number {
    return this.#find(name, Kind.FLOAT)?.f ?? Math.fround(fallback);
  }

  optionalFloat(name: string): number | undefined {
    return this.#find(name, Kind.FLOAT)?.f;
  }

  string(name: string, fallback: string): string {
    const attribute = this.#find(name, Kind.STRING);
    return attribute === undefined ? fallback : new TextDecoder().decode(attribute.s);
  }

  /** One of `choices`; throws for any other text. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.string(name, fallback);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) {
      throw badAttribute(name, `is ${JSON.stringify(value.slice(0, SHOWN))}; known are ${choices.join(', ')}`);
    }
    return found;
  }

  ints(name: string): number[] | undefined {
    return this.#find(name, Kind.INTS)?.ints.map((value) => safeInteger(name, value));
  }

  floats(name: string): number[] | undefined {
    return this.#find(name, Kind.FLOATS)?.floats;
  }

  strings(name: string): string[] | undefined {
    return this.#find(name, Kind.STRINGS)?.strings.map((value) => new TextDecoder().decode(value));
  }

  tensor(name: string): Tensor | undefined {
    const value = this.#find(name, Kind.TENSOR)?.t;
    return value === undefined ? undefined : decodeTensor(value, this.#limits);
  }

  graph(name: string): GraphProto | undefined {
    return this.#find(name, Kind.GRAPH)?.g;
  }

  /** Marks attributes as known that have no effect here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Names of attributes that nobody asked for. */
  unread(): string[] {
    return [...this.#byName.keys()].filter((name) => !this.#read.has(name));
  }
}

export function badAttribute(name: string, what: string): ProblemFound {
  return new ProblemFound(
    'BAD_ATTRIBUTE',
    `attribute ${name.slice(0, SHOWN)} ${what}`,
    'Correct the node, or export the model again.',
  );
}

/** INT64_MAX and INT64_MIN mean "as far as possible" in ONNX; they and other huge values become the nearest safe integer. */
export function safeInteger(name: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
  if (value < BigInt(Number.MIN_SAFE_INTEGER)) return Number.MIN_SAFE_INTEGER;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw badAttribute(name, 'is out of range');
  return number;
}
