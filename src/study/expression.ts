/**
 * Expressions of a study: constraints such as `romBytes <= 1000 kB`, `0.9 <= accuracy`, `ramBytes + 2 * bufferBytes < 256 KiB`, and
 * formulas such as `4 * width1 + if(format == "int8", 100, 400)`. mathjs only parses; the tree is checked against a whitelist and
 * turned into closures over plain numbers. The value of a comparison is its violation (at most 0 where it holds), `and` the
 * larger, `or` the smaller.
 */
import { Compiler, checkLength, fail, type Source, type Vocabulary } from './expression-compiler.ts';
import { ALLOWED, type Evaluate, type ExpressionParser, type Part, type SyntaxNode } from './expression-syntax.ts';

export { type ExpressionParser, loadExpressionParser } from './expression-syntax.ts';

export interface CompiledExpression {
  /** Names (metrics, or parameters) that the expression reads, in order of appearance. */
  readonly metrics: readonly string[];
  /** At most 0 where the condition holds. */
  readonly violation: Evaluate;
}

export interface CompiledFormula {
  readonly names: readonly string[];
  readonly value: Evaluate;
}

function compile(source: Source, parse: ExpressionParser, vocabulary: Vocabulary): { whole: Part; names: string[] } {
  const { text } = source;
  checkLength(source);
  const forbidden = vocabulary.words === undefined ? /[`;\\[\]{}"'?:$]/ : /[`;\\[\]{}?:$]/;
  if (forbidden.test(text)) fail(source, 'has a character that is not allowed', ALLOWED);
  if (/\.\s*[A-Za-z_]/.test(text)) fail(source, 'has a dot before a name', ALLOWED);
  // `latencyUs@pico` is one metric; the parser only knows plain symbols.
  const aliases = new Map<string, string>();
  const plain = text
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
    return fail(source, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const compiler = new Compiler(source, vocabulary, aliases);
  compiler.collectUnits(tree);
  return { whole: compiler.compile(tree), names: [...compiler.names] };
}

/**
 * Checks and compiles a condition. `known` are the names there are (null: every name), `words` the names whose values are words. Throws
 * `UserError` BAD_CONSTRAINT.
 */
export function compileExpression(
  text: string,
  parse: ExpressionParser,
  known: ReadonlySet<string> | null = null,
  words?: Vocabulary['words'],
): CompiledExpression {
  const source: Source = { role: 'constraint', text };
  const { whole, names } = compile(source, parse, words === undefined ? { known } : { known, words });
  if (!whole.isCondition) fail(source, 'is not a condition', 'compare with <=, <, >=, > or ==');
  if (names.length === 0) fail(source, 'names no metric');
  return { metrics: names, violation: whole.evaluate };
}

/** Checks and compiles an expression that is a number. Throws `UserError` BAD_FORMULA. */
export function compileFormula(text: string, parse: ExpressionParser, vocabulary: Vocabulary): CompiledFormula {
  const source: Source = { role: 'formula', text };
  const { whole, names } = compile(source, parse, vocabulary);
  if (whole.isCondition) fail(source, 'is a condition', 'if(condition, 1, 0) makes a number of it');
  return { names, value: whole.evaluate };
}
