/**
 * Constraints written as expressions: `romBytes <= 1000 kB`, `0.9 <= accuracy`, `ramBytes + 2 * bufferBytes < 256 KiB`.
 * mathjs only parses; the tree is checked against a whitelist and turned into closures over plain numbers, so no text ever
 * reaches JavaScript. The value of a comparison is its violation (at most 0 where it holds), `and` the larger, `or` the smaller.
 */

import { suggestName } from '../contract/suggest-name.ts';
import { UserError } from '../errors.ts';
import { type Quantity, UNITS, unitOfMetric } from './units.ts';

const MAX_LENGTH = 500;
const MAX_NODES = 256;
const MAX_DEPTH = 32;

type Scope = Readonly<Record<string, number>>;
type Evaluate = (metrics: Scope) => number;

export interface CompiledExpression {
  /** Metrics that the expression reads, in order of appearance. */
  readonly metrics: readonly string[];
  /** At most 0 where the condition holds. */
  readonly violation: Evaluate;
}

/** What a part of an expression is measured in: nothing fixed yet (a bare number), or powers of the quantities. */
interface Part {
  readonly evaluate: Evaluate;
  readonly isCondition: boolean;
  /** True for numbers without a unit: they take the unit of what they are compared with. */
  readonly isBare: boolean;
  /** Canonical text of the powers: '' for a pure number, 'bytes^1', 'bytes^1 time^-1'. */
  readonly powers: ReadonlyMap<Quantity, number>;
  readonly text: string;
}

/** The part of mathjs's syntax tree that is read here. */
interface SyntaxNode {
  readonly type: string;
  readonly op?: string;
  readonly fn?: string | SyntaxNode;
  readonly name?: string;
  readonly value?: unknown;
  readonly implicit?: boolean;
  readonly args?: readonly SyntaxNode[];
  readonly content?: SyntaxNode;
  readonly conditionals?: readonly string[];
  readonly params?: readonly SyntaxNode[];
  toString(): string;
}

export type ExpressionParser = (text: string) => SyntaxNode;

let loading: Promise<ExpressionParser> | null = null;

/** mathjs takes half a second to load: it is loaded when the first expression is met. */
export function loadExpressionParser(): Promise<ExpressionParser> {
  loading ??= import('mathjs/number').then(({ create, parseDependencies }) => {
    const { parse } = create(parseDependencies ?? {});
    return (text: string) => parse(text) as unknown as SyntaxNode;
  });
  return loading;
}

const COMPARISONS: Readonly<Record<string, (difference: number) => number>> = {
  '<=': (difference) => difference,
  '>=': (difference) => -difference,
  // Equality violates a strict comparison by the least amount there is.
  '<': (difference) => (difference === 0 ? Number.MIN_VALUE : difference),
  '>': (difference) => (difference === 0 ? Number.MIN_VALUE : -difference),
  '==': (difference) => Math.abs(difference),
};

/** mathjs names the comparisons of a chain `a <= b <= c` by function. */
const CHAINED: Readonly<Record<string, string>> = {
  smallerEq: '<=',
  largerEq: '>=',
  smaller: '<',
  larger: '>',
  equal: '==',
};

const FUNCTIONS: ReadonlyMap<string, { readonly apply: (...values: number[]) => number; readonly keepsUnit: boolean }> =
  new Map([
    ['abs', { apply: Math.abs, keepsUnit: true }],
    ['min', { apply: Math.min, keepsUnit: true }],
    ['max', { apply: Math.max, keepsUnit: true }],
    ['log', { apply: (x: number) => Math.log(x), keepsUnit: false }],
    ['log2', { apply: (x: number) => Math.log2(x), keepsUnit: false }],
    ['sqrt', { apply: Math.sqrt, keepsUnit: false }],
    ['exp', { apply: Math.exp, keepsUnit: false }],
  ]);

/** Names that every object inherits are never metrics. */
const RESERVED = new Set(Object.getOwnPropertyNames(Object.prototype));

const NO_POWERS: ReadonlyMap<Quantity, number> = new Map();

function fail(expression: string, message: string, hint?: string): never {
  throw new UserError({
    code: 'BAD_CONSTRAINT',
    message: `constraint "${expression.length > 80 ? `${expression.slice(0, 77)}…` : expression}": ${message}`,
    ...(hint !== undefined && { hint }),
  });
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

class Compiler {
  readonly metrics = new Set<string>();
  readonly #expression: string;
  readonly #known: ReadonlySet<string> | null;
  readonly #aliases: ReadonlyMap<string, string>;
  /** Size of the unit that numbers of a quantity are converted to: that of the metrics in this expression. */
  readonly #base = new Map<Quantity, number>();
  #nodes = 0;

  constructor(expression: string, known: ReadonlySet<string> | null, aliases: ReadonlyMap<string, string>) {
    this.#expression = expression;
    this.#known = known;
    this.#aliases = aliases;
  }

  /** First pass: which metrics are there, and in which units. */
  collectUnits(node: SyntaxNode, depth = 0): void {
    if (++this.#nodes > MAX_NODES || depth > MAX_DEPTH) fail(this.#expression, 'is too long or nested too deeply');
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
          fail(this.#expression, `mixes metrics with different units of ${unit.quantity}`);
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
        return this.compile(node.content ?? fail(this.#expression, 'has empty brackets'));
      case 'OperatorNode':
        return this.#operator(node);
      case 'RelationalNode':
        return this.#chain(node);
      case 'FunctionNode':
        return this.#call(node);
      default:
        return fail(this.#expression, `"${node.toString().slice(0, 40)}" is not allowed`, ALLOWED);
    }
  }

  #constant(node: SyntaxNode): Part {
    const { value } = node;
    if (typeof value !== 'number' || !Number.isFinite(value))
      fail(this.#expression, `"${String(value)}" is not a finite number`);
    return { evaluate: () => value, isCondition: false, isBare: true, powers: NO_POWERS, text: String(value) };
  }

  #metric(symbol: string): Part {
    const metric = this.#aliases.get(symbol) ?? symbol;
    if (UNITS.has(metric)) fail(this.#expression, `the unit ${metric} needs a number before it`);
    if (RESERVED.has(metric)) fail(this.#expression, `"${metric}" is not a metric`);
    if (this.#known !== null && !this.#known.has(metric)) {
      const near = suggestName(metric, this.#known);
      fail(
        this.#expression,
        `there is no metric "${metric}"`,
        near === undefined ? `metrics: ${[...this.#known].join(', ')}` : `did you mean "${near}"?`,
      );
    }
    this.metrics.add(metric);
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
        this.#expression,
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
    if (first === undefined) return fail(this.#expression, 'is not complete');
    if (node.implicit === true) {
      const number = this.compile(first);
      if (!number.isBare || second?.type !== 'SymbolNode')
        return fail(this.#expression, `"${node.toString()}" is not allowed`, 'write * for a product');
      return this.#quantity(number, second.name ?? '');
    }
    if (second === undefined) return this.#unary(op, this.compile(first), node);
    const a = this.compile(first);
    const b = this.compile(second);
    if (op === 'and' || op === 'or') return this.#logical(op, a, b);
    if (a.isCondition || b.isCondition) return fail(this.#expression, `"${op}" needs numbers on both sides`);
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
    if (a.isCondition) return fail(this.#expression, `"${node.toString()}" is not allowed`, ALLOWED);
    if (op === '-') return { ...a, evaluate: (metrics) => -a.evaluate(metrics), text: `-${a.text}` };
    if (op === '+') return a;
    return fail(this.#expression, `the operator "${op}" is not allowed`, ALLOWED);
  }

  #logical(op: 'and' | 'or', a: Part, b: Part): Part {
    if (!a.isCondition || !b.isCondition) return fail(this.#expression, `"${op}" needs conditions on both sides`);
    const choose = op === 'and' ? Math.max : Math.min;
    return { ...a, evaluate: (metrics) => choose(a.evaluate(metrics), b.evaluate(metrics)) };
  }

  #comparison(op: string, a: Part, b: Part): Part {
    this.#needSameUnit(a, b, 'compares');
    const violationOf = COMPARISONS[op] ?? fail(this.#expression, `the operator "${op}" is not allowed`, ALLOWED);
    return {
      evaluate: (metrics) => violationOf(a.evaluate(metrics) - b.evaluate(metrics)),
      isCondition: true,
      isBare: false,
      powers: NO_POWERS,
      text: `${a.text} ${op} ${b.text}`,
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
          return fail(this.#expression, 'a power needs a base without a unit and a plain exponent');
        return make((x, y) => x ** y, NO_POWERS);
      default:
        return fail(this.#expression, `the operator "${op}" is not allowed`, ALLOWED);
    }
  }

  #chain(node: SyntaxNode): Part {
    const parts = (node.params ?? []).map((param) => this.compile(param));
    let all: Part | null = null;
    for (const [i, name] of (node.conditionals ?? []).entries()) {
      const [a, b] = [parts[i], parts[i + 1]];
      if (a === undefined || b === undefined || a.isCondition || b.isCondition)
        return fail(this.#expression, 'a chain of comparisons needs numbers');
      const link = this.#comparison(CHAINED[name] ?? name, a, b);
      all = all === null ? link : this.#logical('and', all, link);
    }
    return all ?? fail(this.#expression, 'is empty');
  }

  #call(node: SyntaxNode): Part {
    const { fn } = node;
    const name = typeof fn === 'object' && fn.type === 'SymbolNode' ? (fn.name ?? '') : '';
    const found = FUNCTIONS.get(name);
    const parts = (node.args ?? []).map((argument) => this.compile(argument));
    const [first] = parts;
    if (found === undefined || first === undefined)
      return fail(this.#expression, `"${node.toString().slice(0, 40)}" is not allowed`, ALLOWED);
    if (found.apply.length === 1 && parts.length !== 1) return fail(this.#expression, `${name} takes one argument`);
    if (parts.some((part) => part.isCondition)) return fail(this.#expression, `${name} needs numbers`);
    for (const part of parts) this.#needSameUnit(first, part, `takes in ${name}`);
    return {
      evaluate: (metrics) => found.apply(...parts.map((part) => part.evaluate(metrics))),
      isCondition: false,
      isBare: parts.every((part) => part.isBare),
      powers: found.keepsUnit ? (parts.find((part) => !part.isBare)?.powers ?? NO_POWERS) : NO_POWERS,
      text: node.toString(),
    };
  }

  #needSameUnit(a: Part, b: Part, verb: string): void {
    if (a.isBare || b.isBare || samePowers(a, b)) return;
    const nameless = [a, b].find((part) => part.powers.size === 0);
    fail(
      this.#expression,
      `${verb} ${a.text} (${describePowers(a)}) with ${b.text} (${describePowers(b)})`,
      nameless === undefined
        ? 'both sides need the same kind of unit'
        : `"${nameless.text}" has no unit in its name: write the number without a unit`,
    );
  }
}

const ALLOWED =
  'allowed: metrics, numbers with units, + - * / ^, < <= > >= ==, and or not, abs min max log log2 sqrt exp, brackets';

/**
 * Checks and compiles an expression. `known` are the metrics there are (null: every name). Throws `UserError` BAD_CONSTRAINT.
 */
export function compileExpression(
  expression: string,
  parse: ExpressionParser,
  known: ReadonlySet<string> | null = null,
): CompiledExpression {
  if (expression.trim() === '') fail(expression, 'is empty');
  if (expression.length > MAX_LENGTH) fail(expression, `is longer than ${MAX_LENGTH} characters`);
  if (/[`;\\[\]{}"'?:$]/.test(expression)) fail(expression, 'has a character that is not allowed', ALLOWED);
  if (/\.\s*[A-Za-z_]/.test(expression)) fail(expression, 'has a dot before a name', ALLOWED);
  // `latencyUs@pico` is one metric; the parser only knows plain symbols.
  const aliases = new Map<string, string>();
  const plain = expression
    .replace(/[A-Za-z_][A-Za-z0-9_]*@[A-Za-z0-9_.-]*[A-Za-z0-9_]/g, (metric) => {
      const alias = `metric_${aliases.size}_of_board`;
      aliases.set(alias, metric);
      return alias;
    })
    .replace(/(\d)\s*%/g, '$1 percent');
  let tree: SyntaxNode;
  try {
    tree = parse(plain);
  } catch (error) {
    return fail(expression, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const compiler = new Compiler(expression, known, aliases);
  compiler.collectUnits(tree);
  const whole = compiler.compile(tree);
  if (!whole.isCondition) fail(expression, 'is not a condition', 'compare with <=, <, >=, > or ==');
  if (compiler.metrics.size === 0) fail(expression, 'names no metric');
  return { metrics: [...compiler.metrics], violation: whole.evaluate };
}
