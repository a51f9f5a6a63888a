/**
 * Writes docs/benchmarks.md from what the benches print: `npm run benchmarks [-- NAME [FLAGS] …]` runs the named benches, each with the
 * flags behind its name (all benches without flags when none is named), and keeps the newest result of every other one. Results lie
 * beside the page as docs/benchmarks.json; the table of samplers in docs/optimizer.md is written too. `--render` only writes the pages.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { BenchResult } from './bench-result.ts';
import { withSamplerTable } from './support/sampler-table.ts';

interface Stored {
  readonly measuredOn: string;
  readonly cpus: number;
  /** Flags it ran with; paths, which tell nothing elsewhere, as FILE. */
  readonly flags?: readonly string[];
  readonly result: BenchResult;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const store = new URL('../docs/benchmarks.json', import.meta.url);
const page = new URL('../docs/benchmarks.md', import.meta.url);
const optimizerPage = new URL('../docs/optimizer.md', import.meta.url);
const NOT_BENCHES = new Set(['main.ts', 'bench-result.ts', 'report.ts']);
const ROWS_PER_TABLE = 40;

interface Order {
  readonly name: string;
  readonly flags: readonly string[];
}

/** `a --x 1 b` is bench a with the flags `--x 1`, then bench b without any. */
function ordersOf(args: readonly string[]): Order[] {
  const known = benchNames();
  const starts = args.flatMap((arg, at) => (known.includes(arg) ? [at] : []));
  return starts.map((at, k) => ({ name: args[at] ?? '', flags: args.slice(at + 1, starts[k + 1] ?? args.length) }));
}

function benchNames(): string[] {
  return readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !NOT_BENCHES.has(file))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

function runBench({ name, flags }: Order): BenchResult | undefined {
  process.stderr.write(`${name} …\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/main.ts', name, ...flags, '--json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === 0) return JSON.parse(stdout) as BenchResult;
  process.stderr.write(`${name} failed: ${stderr.slice(-1000)}\n`);
  process.exitCode = 1;
  return undefined;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 300);
}

function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

/** Lists of objects become tables, the rest one line each. */
function renderDetails(details: unknown): string {
  if (typeof details !== 'object' || details === null) return details === undefined ? '' : `${cell(details)}\n`;
  if (Array.isArray(details)) return renderList(details);
  const entries = Object.entries(details);
  const lists = entries.filter(([, value]) => isTable(value));
  const plain = entries.filter(([, value]) => !isTable(value));
  return [
    ...(plain.length > 0 ? [plain.map(([key, value]) => `- ${key}: ${cell(value)}`).join('\n')] : []),
    ...lists.map(([key, value]) => `${key}:\n\n${renderList(value as readonly unknown[])}`),
  ].join('\n\n');
}

function isTable(value: unknown): value is readonly object[] {
  return Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === 'object' && row !== null);
}

function renderList(list: readonly unknown[]): string {
  if (!isTable(list)) return `${cell(list)}\n`;
  const head = [...new Set(list.flatMap((row) => Object.keys(row)))];
  const shown = list.slice(0, ROWS_PER_TABLE);
  const rest = list.length > shown.length ? `\n\n${list.length - shown.length} more in benchmarks.json.` : '';
  return (
    table(
      head,
      shown.map((row) => head.map((key) => (row as Record<string, unknown>)[key])),
    ) + rest
  );
}

function render(results: ReadonlyMap<string, Stored>): string {
  const sorted = [...results.values()].sort((a, b) => (a.result.name < b.result.name ? -1 : 1));
  return `${[
    '# Benchmarks',
    'Written by `npm run benchmarks` from what the benches print; not edited by hand. A ratio above 1 is in our favour. Times come from shared machines: compare ratios, not seconds.',
    table(
      ['bench', 'ours', 'unit', 'peer', "peer's figure", 'ratio', 'measured on'],
      sorted.map(({ result, measuredOn }) => [
        `[${result.name}](#${result.name})`,
        result.figure,
        result.unit,
        result.peer,
        result.peerFigure,
        result.ratio,
        measuredOn,
      ]),
    ),
    ...sorted.map(
      ({ result, cpus: count, flags = [] }) =>
        `## ${result.name}\n\n\`npm run --silent bench -- ${[result.name, ...flags].join(' ')} --json\` (${count} CPUs)\n\n${renderDetails(result.details)}`,
    ),
  ].join('\n\n')}\n`;
}

const results = new Map<string, Stored>(
  existsSync(store) ? Object.entries(JSON.parse(readFileSync(store, 'utf8')) as Record<string, Stored>) : [],
);
const asked = process.argv.slice(2);
const orders =
  asked.length > 0
    ? ordersOf(asked.filter((arg) => arg !== '--render'))
    : benchNames().map((name) => ({ name, flags: [] }));
for (const order of orders) {
  const result = runBench(order);
  if (result === undefined) continue;
  const flags = order.flags.map((flag) => (flag.includes('/') ? 'FILE' : flag));
  results.set(order.name, { measuredOn: new Date().toISOString().slice(0, 10), cpus: cpus().length, flags, result });
}
writeFileSync(store, `${JSON.stringify(Object.fromEntries([...results].sort()), null, 1)}\n`);
writeFileSync(page, render(results));
const samplers = results.get('samplers');
if (samplers !== undefined)
  writeFileSync(optimizerPage, withSamplerTable(readFileSync(optimizerPage, 'utf8'), samplers.result));
