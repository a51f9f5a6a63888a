/**
 * Writes docs/operators.md from the registries: which ONNX operators are imported, and which operators of the intermediate
 * representation have a reference implementation. With --check nothing is written: the exit code is 1 when the page is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DOMAIN_NAMES, supportedOperators } from '../evaluators/onnx/converters/registry.ts';
import { NEWEST_OPSET } from '../evaluators/onnx/decode-model.ts';
import { DEFAULT_LIMITS } from '../evaluators/onnx/limits.ts';
import { isIntegerKind } from '../evaluators/ops/integer/integer-registry.ts';
import { OPERATORS } from '../evaluators/ops/registry.ts';
import { foldTables } from '../evaluators/passes/fold-tables.ts';
import { reorder } from '../evaluators/passes/reorder.ts';
import { SIMPLIFY_PASSES } from '../evaluators/passes/simplify.ts';

const page = fileURLToPath(new URL('../docs/operators.md', import.meta.url));

function wrapped(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' ');
}

function domains(): string {
  return DOMAIN_NAMES.map((domain) => {
    const names = supportedOperators(domain);
    const extra = domain === '' ? ['If', 'Loop', 'Scan'] : [];
    const all = [...names, ...extra].sort();
    return `### ${domain === '' ? 'ai.onnx (the standard domain)' : domain}: ${all.length}\n\n${wrapped(all)}\n`;
  }).join('\n');
}

function kinds(): string {
  const all = Object.keys(OPERATORS).sort();
  const [integer, float] = [all.filter(isIntegerKind), all.filter((kind) => !isIntegerKind(kind))];
  return `Float and plain integer (${float.length}): ${wrapped(float)}\n\nQuantized (${integer.length}): ${wrapped(integer)}\n`;
}

function passes(): string {
  const rows = [...new Set(SIMPLIFY_PASSES), foldTables, reorder].map(
    ({ name, purpose }) => `| \`${name}\` | ${purpose} |`,
  );
  return ['| pass | what it does |', '| --- | --- |', ...rows].join('\n');
}

const text = `# Operators

This page is written by \`scripts/list-operators.ts\` from the registries; a check fails when it is out of date.

## What can be imported

Operator sets 7 to ${NEWEST_OPSET} (older ones where an operator has not changed since). Everything that steers a shape (axes, sizes, pads, repeats, depth …) has to be
known when a model is compiled: an initializer, a Constant, something computed from those and from shapes, or a graph input that is given a
fixed value. Model-local functions are inlined; \`If\` with a known condition and \`Loop\` with a known trip count are unrolled, as are \`Scan\` and sequences of tensors.
Training modes, strings, maps, sparse tensors, bfloat16 and float8 are refused, as is data in other files. A model may have at most
${DEFAULT_LIMITS.modelBytes / 2 ** 20} MiB, ${DEFAULT_LIMITS.nodes.toLocaleString('en')} nodes, ${DEFAULT_LIMITS.tensorElements.toLocaleString('en')} elements in one tensor, and ${DEFAULT_LIMITS.nesting} levels of nesting.
All problems of a model are listed at once, each with its place and what would help.

${domains()}
## What the interpreter computes

Each has a reference implementation in \`evaluators/ops\`; differences between operator sets are resolved at import. Sums are kept in double precision and rounded once.

${kinds()}
## Passes

${passes()}
`;

if (process.argv.includes('--check')) {
  let committed = '';
  try {
    committed = readFileSync(page, 'utf8');
  } catch {
    // A missing page is out of date too.
  }
  if (committed !== text) {
    console.error('docs/operators.md is out of date: run node scripts/list-operators.ts');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, text);
}
