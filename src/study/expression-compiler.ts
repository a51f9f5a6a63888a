/**
 * From the syntax tree of an expression to closures over plain numbers. Only what is named here is understood: everything else is
 * refused, so no text ever reaches JavaScript.
 */
import { suggestName } from '../contract/suggest-name.ts';
import { UserError } from '../errors.ts';
import {
  ALLOWED,
  CHAINED,
  COMPARISONS,
  FUNCTIONS,
  NO_POWERS,
  type Part,
  RESERVED,
  type SyntaxNode,
} from './expression-syntax.ts';
import { type Quantity, UNITS, unitOfMetric } from './units.ts';

const MAX_DEPTH = 32;

/** An expression and what it is for: a condition, or a number. */
export interface Source {
  readonly role: 'constraint' | 'formula';
  readonly text: string;
}

/** The names that an expression may use. */
export interface Vocabulary {
  /** Null: every name. */
  readonly known: ReadonlySet<string> | null;
  /** Names whose values are words: they are compared by `==` and `!=` with one of these, and evaluated as its index. */
  readonly words?: ReadonlyMap<string, readonly unknown[]>;
}

const LIMITS = {
  constraint: { length: 500, nodes: 256 },
  formula: { length: 4000, nodes: 2000 },
} as const;

export function fail({ role, text }: Source, message: string, hint?: string): never {
  throw new UserError({
    code: role === 'constraint' ? 'BAD_CONSTRAINT' : 'BAD_FORMULA',
    message: `${role} "${text.length > 80 ? `${text.slice(0, 77)}…` : text}": ${message}`,
    ...(hint !== undefined && { hint }),
  });
}

export function checkLength(source: Source): void {
  const { length } = LIMITS[source.role];
  if (source.text.trim() === '') fail(source, 'is empty');
  if (source.text.length > length) fail(source, `is longer than ${length} characters`);
}

function samePowers(a: Part, b: Part): boolean {
  return (
    a.powers.size === b.powers.size && [...a.powers].every(([quantity, power]) => b.powers.get(quantity) === power)
  );
}

function multiplyPowers(a: Part, b: Part, sign: 1 | -1): ReadonlyMap<Quantity, number> {
  const powers = new Map(a.powers);
  for (const [quantity, power] of b.powers) {
    const sum = (powers.get(quantity) ?? 0) + sign * power;
    if (sum === 0) powers.delete(quantity);
    else powers.set(quantity, sum);
  }
  return powers;
}

function describePowers(part: Part): string {
  if (part.powers.size === 0) return 'no unit';
  return [...part.powers].map(([quantity, power]) => (power === 1 ? quantity : `${quantity}^${power}`)).join(' ');
}

/** Turns one syntax tree into closures. */
export class Compiler {
  /** Names that the expression reads, in order of appearance. */
  readonly names = new Set<string>();
  readonly #source: Source;
  readonly #vocabulary: Vocabulary;
  readonly #aliases: ReadonlyMap<string, string>;
  /** Size of the unit that numbers of a quantity are converted to: that of the metrics in this expression. */
  readonly #base = new Map<Quantity, number>();
  #nodes = 0;

  constructor(source: Source, vocabulary: Vocabulary, aliases: ReadonlyMap<string, string>) {
    this.#source = source;
    this.#vocabulary = vocabulary;
    this.#aliases = aliases;
  }

  /** First pass: which metrics are there, and in which units. */
  collectUnits(node: SyntaxNode, depth = 0): void {
    if (++this.#nodes > LIMITS[this.#source.role].nodes || depth > MAX_DEPTH)
      fail(this.#source, 'is too long or nested too deeply');
    const children = [
      ...(node.args ?? []),
      ...(node.params ?? []),
      ...(node.content === undefined ? [] : [node.content]),
    ];
    if (node.type === 'SymbolNode' && node.name !== undefined && !UNITS.has(node.name)) {
      const metric = this.#aliases.get(node.name) ?? node.name;
      const unit = unitOfMetric(metric);
      if (unit !== null) {
        const base = this.#base.get(unit.quantity);
        if (base !== undefined && base !== unit.size)
          fail(this.#source, `mixes metrics with different units of ${unit.quantity}`);
        this.#base.set(unit.quantity, unit.size);
      }
    }
    for (const child of children) this.collectUnits(child, depth + 1);
  }

  compile(node: SyntaxNode): Part {
    switch (node.type) {
      case 'ConstantNode':
        return this.#constant(node);
      case 'SymbolNode':
        return this.#metric(node.name ?? '');
      case 'ParenthesisNode':
        return this.compile(node.content ?? fail(this.#source, 'has empty brackets'));
      case 'OperatorNode':
        return this.#operator(node);
      case 'RelationalNode':
        return this.#chain(node);
      case 'FunctionNode':
        return this.#call(node);
      default:
        return fail(this.#source, `"${node.toString().slice(0, 40)}" is not allowed`, ALLOWED);
    }
  }

  #constant(node: SyntaxNode): Part {
    const value = typeof node.value === 'boolean' ? Number(node.value) : node.value;
    if (typeof value !== 'number' || !Number.isFinite(value))
      fail(this.#source, `"${String(value)}" is not a finite number`);
    return { evaluate: () => value, isCondition: false, isBare: true, powers: NO_POWERS, text: String(value) };
  }

  #metric(symbol: string): Part {
    const metric = this.#aliases.get(symbol) ?? symbol;
    if (UNITS.has(metric)) fail(this.#source, `the unit ${metric} needs a number before it`);
    if (RESERVED.has(metric)) fail(this.#source, `"${metric}" is not a metric`);
    const { known } = this.#vocabulary;
    if (known !== null && !known.has(metric)) {
      const near = suggestName(metric, known);
      fail(
        this.#source,
        `there is no metric "${metric}"`,
        near === undefined ? `names: ${[...known].join(', ')}` : `did you mean "${near}"?`,
      );
    }
    if (this.#vocabulary.words?.has(metric) === true)
      fail(
        this.#source,
        `the values of "${metric}" are words`,
        `compare it with == or != and one of its words in quotes`,
      );
    this.names.add(metric);
    const unit = unitOfMetric(metric);
    return {
      evaluate: (metrics) => metrics[metric] ?? Number.NaN,
      isCondition: false,
      isBare: false,
      powers: unit === null ? NO_POWERS : new Map([[unit.quantity, 1]]),
      text: metric,
    };
  }

  /** `1000 kB`: a number times a unit, converted to the unit that the metrics of this expression use. */
  #quantity(number: Part, symbol: string): Part {
    const unit = UNITS.get(symbol);
    if (unit === undefined) {
      const near = suggestName(symbol, UNITS.keys());
      const spelt = [...UNITS.keys()].filter((name) => name.toLowerCase() === symbol.toLowerCase());
      fail(
        this.#source,
        `"${symbol}" is not a unit`,
        spelt.length > 0
          ? `did you mean ${spelt.map((name) => `"${name}"`).join(' or ')}? (kB = 1000 bytes, KiB = 1024 bytes)`
          : near === undefined
            ? `units: ${[...UNITS.keys()].join(', ')}; write * for a product`
            : `did you mean "${near}"? Units: ${[...UNITS.keys()].join(', ')}`,
      );
    }
    const defaultBase = { bytes: 1, time: 1e-6, energy: 1e-6, share: 1 }[unit.quantity];
    const base = this.#base.get(unit.quantity) ?? defaultBase;
    const value = number.evaluate({});
    // Division keeps powers of ten exact (5 ms = 5000 us) where multiplication by 1e-3 / 1e-6 would not.
    const converted = unit.size >= base ? value * Math.round(unit.size / base) : value / Math.round(base / unit.size);
    return {
      evaluate: () => converted,
      isCondition: false,
      isBare: false,
      powers: unit.quantity === 'share' ? NO_POWERS : new Map([[unit.quantity, 1]]),
      text: `${number.text} ${symbol}`,
    };
  }

  #operator(node: SyntaxNode): Part {
    const op = node.op ?? '';
    const [first, second] = node.args ?? [];
    if (first === undefined) return fail(this.#source, 'is not complete');
    if (node.implicit === true) {
      const number = this.compile(first);
      if (!number.isBare || second?.type !== 'SymbolNode')
        return fail(this.#source, `"${node.toString()}" is not allowed`, 'write * for a product');
      return this.#quantity(number, second.name ?? '');
    }
    if (second === undefined) return this.#unary(op, this.compile(first), node);
    if (isWord(first) || isWord(second)) return this.#wordComparison(op, first, second);
    const a = this.compile(first);
    const b = this.compile(second);
    if (op === 'and' || op === 'or') return this.#logical(op, a, b);
    if (a.isCondition || b.isCondition) return fail(this.#source, `"${op}" needs numbers on both sides`);
    if (Object.hasOwn(COMPARISONS, op)) return this.#comparison(op, a, b);
    return this.#arithmetic(op, a, b);
  }

  #unary(op: string, a: Part, node: SyntaxNode): Part {
    if (op === 'not' && a.isCondition) {
      const { evaluate } = a;
      return {
        ...a,
        evaluate: (metrics) => {
          const violation = evaluate(metrics);
          return violation === 0 ? Number.MIN_VALUE : -violation;
        },
      };
    }
    if (a.isCondition) return fail(this.#source, `"${node.toString()}" is not allowed`, ALLOWED);
    if (op === '-') return { ...a, evaluate: (metrics) => -a.evaluate(metrics), text: `-${a.text}` };
    if (op === '+') return a;
    return fail(this.#source, `the operator "${op}" is not allowed`, ALLOWED);
  }

  #logical(op: 'and' | 'or', a: Part, b: Part): Part {
    if (!a.isCondition || !b.isCondition) return fail(this.#source, `"${op}" needs conditions on both sides`);
    const choose = op === 'and' ? Math.max : Math.min;
    return { ...a, evaluate: (metrics) => choose(a.evaluate(metrics), b.evaluate(metrics)) };
  }

  #comparison(op: string, a: Part, b: Part): Part {
    this.#needSameUnit(a, b, 'compares');
    const violationOf = COMPARISONS[op] ?? fail(this.#source, `the operator "${op}" is not allowed`, ALLOWED);
    return {
      evaluate: (metrics) => violationOf(a.evaluate(metrics) - b.evaluate(metrics)),
      isCondition: true,
      isBare: false,
      powers: NO_POWERS,
      text: `${a.text} ${op} ${b.text}`,
    };
  }

  /** `method == "l1"`: the index of the word among the values of the name. */
  #wordComparison(op: string, a: SyntaxNode, b: SyntaxNode): Part {
    const [symbol, word] = isWord(a) ? [b, a] : [a, b];
    const name = symbol.name ?? '';
    const words = this.#vocabulary.words?.get(name);
    if (symbol.type !== 'SymbolNode' || words === undefined || (op !== '==' && op !== '!='))
      return fail(
        this.#source,
        `${word.toString()} can only be compared by == or != with a parameter that takes words`,
      );
    const index = words.indexOf(word.value);
    if (index < 0) {
      const near = suggestName(String(word.value), words.map(String));
      fail(
        this.#source,
        `"${name}" is never ${word.toString()}`,
        near === undefined ? `its values: ${words.join(', ')}` : `did you mean "${near}"?`,
      );
    }
    this.names.add(name);
    const compare = COMPARISONS[op] ?? fail(this.#source, `the operator "${op}" is not allowed`, ALLOWED);
    return {
      evaluate: (values) => compare(values[name] === index ? 0 : 1),
      isCondition: true,
      isBare: false,
      powers: NO_POWERS,
      text: `${name} ${op} ${word.toString()}`,
    };
  }

  #arithmetic(op: string, a: Part, b: Part): Part {
    const isBare = a.isBare && b.isBare;
    const text = `(${a.text} ${op} ${b.text})`;
    const make = (apply: (x: number, y: number) => number, powers: ReadonlyMap<Quantity, number>): Part => ({
      evaluate: (metrics) => apply(a.evaluate(metrics), b.evaluate(metrics)),
      isCondition: false,
      isBare,
      powers,
      text,
    });
    switch (op) {
      case '+':
      case '-':
        this.#needSameUnit(a, b, 'adds');
        return make(op === '+' ? (x, y) => x + y : (x, y) => x - y, a.isBare ? b.powers : a.powers);
      case '*':
        return make((x, y) => x * y, multiplyPowers(a, b, 1));
      case '/':
        return make((x, y) => x / y, multiplyPowers(a, b, -1));
      case '^':
        if (!b.isBare || a.powers.size > 0)
          return fail(this.#source, 'a power needs a base without a unit and a plain exponent');
        return make((x, y) => x ** y, NO_POWERS);
      default:
        return fail(this.#source, `the operator "${op}" is not allowed`, ALLOWED);
    }
  }

  #chain(node: SyntaxNode): Part {
    const parts = (node.params ?? []).map((param) => this.compile(param));
    let all: Part | null = null;
    for (const [i, name] of (node.conditionals ?? []).entries()) {
      const [a, b] = [parts[i], parts[i + 1]];
      if (a === undefined || b === undefined || a.isCondition || b.isCondition)
        return fail(this.#source, 'a chain of comparisons needs numbers');
      const link = this.#comparison(CHAINED[name] ?? name, a, b);
      all = all === null ? link : this.#logical('and', all, link);
    }
    return all ?? fail(this.#source, 'is empty');
  }

  #call(node: SyntaxNode): Part {
    const { fn } = node;
    const name = typeof fn === 'object' && fn.type === 'SymbolNode' ? (fn.name ?? '') : '';
    if (name === 'if') return this.#choice(node);
    const found = FUNCTIONS.get(name);
    const parts = (node.args ?? []).map((argument) => this.compile(argument));
    const [first] = parts;
    if (found === undefined || first === undefined)
      return fail(this.#source, `"${node.toString().slice(0, 40)}" is not allowed`, ALLOWED);
    if (found.apply.length === 1 && parts.length !== 1) return fail(this.#source, `${name} takes one argument`);
    if (parts.some((part) => part.isCondition)) return fail(this.#source, `${name} needs numbers`);
    for (const part of parts) this.#needSameUnit(first, part, `takes in ${name}`);
    return {
      evaluate: (metrics) => found.apply(...parts.map((part) => part.evaluate(metrics))),
      isCondition: false,
      isBare: parts.every((part) => part.isBare),
      powers: found.keepsUnit ? (parts.find((part) => !part.isBare)?.powers ?? NO_POWERS) : NO_POWERS,
      text: node.toString(),
    };
  }

  /** `if(condition, a, b)`. */
  #choice(node: SyntaxNode): Part {
    const [condition, a, b, ...rest] = (node.args ?? []).map((argument) => this.compile(argument));
    if (condition === undefined || a === undefined || b === undefined || rest.length > 0)
      return fail(this.#source, 'if takes a condition and two numbers');
    if (!condition.isCondition || a.isCondition || b.isCondition)
      return fail(this.#source, 'if takes a condition and two numbers');
    this.#needSameUnit(a, b, 'chooses');
    return {
      evaluate: (values) => (condition.evaluate(values) <= 0 ? a.evaluate(values) : b.evaluate(values)),
      isCondition: false,
      isBare: a.isBare && b.isBare,
      powers: a.isBare ? b.powers : a.powers,
      text: node.toString(),
    };
  }

  #needSameUnit(a: Part, b: Part, verb: string): void {
    if (a.isBare || b.isBare || samePowers(a, b)) return;
    const nameless = [a, b].find((part) => part.powers.size === 0);
    fail(
      this.#source,
      `${verb} ${a.text} (${describePowers(a)}) with ${b.text} (${describePowers(b)})`,
      nameless === undefined
        ? 'both sides need the same kind of unit'
        : `"${nameless.text}" has no unit in its name: write the number without a unit`,
    );
  }
}

function isWord(node: SyntaxNode): boolean {
  return node.type === 'ConstantNode' && typeof node.value === 'string';
}
