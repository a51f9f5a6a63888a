/** What expressions are made of: the tree that the parser gives, comparisons, functions, and what a part of one is. */
import type { Quantity } from './units.ts';

export type Scope = Readonly<Record<string, number>>;
export type Evaluate = (metrics: Scope) => number;

/** What a part of an expression is, and measured in: nothing fixed yet (a bare number), or powers of the quantities. */
export interface Part {
  readonly evaluate: Evaluate;
  readonly isCondition: boolean;
  /** True for numbers without a unit: they take the unit of what they are compared with. */
  readonly isBare: boolean;
  /** Canonical text of the powers: '' for a pure number, 'bytes^1', 'bytes^1 time^-1'. */
  readonly powers: ReadonlyMap<Quantity, number>;
  readonly text: string;
}

/** The part of mathjs's syntax tree that is read here. */
export interface SyntaxNode {
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

export const COMPARISONS: Readonly<Record<string, (difference: number) => number>> = {
  '<=': (difference) => difference,
  '>=': (difference) => -difference,
  // Equality violates a strict comparison by the least amount there is.
  '<': (difference) => (difference === 0 ? Number.MIN_VALUE : difference),
  '>': (difference) => (difference === 0 ? Number.MIN_VALUE : -difference),
  '==': (difference) => Math.abs(difference),
  '!=': (difference) => (difference === 0 ? Number.MIN_VALUE : -Math.abs(difference)),
};

/** mathjs names the comparisons of a chain `a <= b <= c` by function. */
export const CHAINED: Readonly<Record<string, string>> = {
  smallerEq: '<=',
  largerEq: '>=',
  smaller: '<',
  larger: '>',
  equal: '==',
  unequal: '!=',
};

export const FUNCTIONS: ReadonlyMap<
  string,
  { readonly apply: (...values: number[]) => number; readonly keepsUnit: boolean }
> = new Map([
  ['abs', { apply: Math.abs, keepsUnit: true }],
  ['min', { apply: Math.min, keepsUnit: true }],
  ['max', { apply: Math.max, keepsUnit: true }],
  ['log', { apply: (x: number) => Math.log(x), keepsUnit: false }],
  ['log2', { apply: (x: number) => Math.log2(x), keepsUnit: false }],
  ['sqrt', { apply: Math.sqrt, keepsUnit: false }],
  ['exp', { apply: Math.exp, keepsUnit: false }],
  ['floor', { apply: Math.floor, keepsUnit: true }],
  ['ceil', { apply: Math.ceil, keepsUnit: true }],
  ['round', { apply: Math.round, keepsUnit: true }],
]);

/** Names that every object inherits are never metrics. */
export const RESERVED = new Set(Object.getOwnPropertyNames(Object.prototype));

export const NO_POWERS: ReadonlyMap<Quantity, number> = new Map();

export const ALLOWED =
  'allowed: metrics, numbers with units, + - * / ^, < <= > >= == !=, and or not, abs min max log log2 sqrt exp floor ceil round if, brackets';
