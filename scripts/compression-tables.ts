/**
 * Writes docs/compression-results.md from the rows that `bench -- compress --keep FOLDER` finished:
 *
 *   node scripts/compression-tables.ts FOLDER
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compressCases } from '../bench/support/compress-cases.ts';
import type { CompressRow } from '../bench/support/measure-row.ts';

const PAGE = new URL('../docs/compression-results.md', import.meta.url);
const FORMATS = ['float32', 'float16', 'int8', 'uint8', 'int4', 'codebook'] as const;

function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]): string => `| ${cells.map((cell) => cell ?? '–').join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const kilobytes = (bytes: number | undefined): string | undefined =>
  bytes === undefined ? undefined : (bytes / 1000).toFixed(1);

/** Rows of one training side by side: a column per number format. */
function grid(rows: readonly CompressRow[]): string {
  const groups = Map.groupBy(rows, ({ row }) => row.slice(0, row.lastIndexOf('/')));
  const lines = [...groups].map(([key, all]) => {
    const [, , granularity, heuristic, schedule, target] = key.split('/');
    const by = new Map(all.map((each) => [each.row.slice(each.row.lastIndexOf('/') + 1), each]));
    const [first] = all;
    const accuracies = FORMATS.map((format) => by.get(format)?.accuracyAfter);
    const sizes = (['int8', 'uint8'] as const).map((format) => kilobytes(by.get(format)?.romBytes));
    const name = `${granularity} ${heuristic} ${schedule}`;
    return [
      name,
      target,
      first?.missPercent ?? '–',
      first?.params,
      ...accuracies,
      ...sizes,
      kilobytes(by.get('int8')?.ramBytes),
    ];
  });
  const head = ['pruning', 'asked to go', 'miss %', 'parameters', ...FORMATS, 'ROM int8', 'ROM uint8', 'RAM int8'];
  return table(head, lines);
}

function single(rows: readonly CompressRow[]): string {
  const head = ['row', 'miss %', 'parameters', 'before', 'float', 'deployed', 'ROM', 'RAM', 'smaller', 'the seed says'];
  return table(
    head,
    rows.map((each) => [
      each.row.replace(/^(prune|tutorial)\//, ''),
      each.missPercent,
      each.params,
      each.accuracyBefore,
      each.accuracyFloat,
      each.accuracyAfter,
      kilobytes(each.romBytes),
      kilobytes(each.ramBytes),
      `${each.smaller}×`,
      each.seeds,
    ]),
  );
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node scripts/compression-tables.ts FOLDER\n');
  process.exit(2);
}
const order = new Map(compressCases().map(({ id }, place) => [id, place]));
const rows = readdirSync(folder)
  .filter((file) => file.endsWith('.row.json'))
  .map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as CompressRow)
  .filter(({ row }) => order.has(row))
  .sort((a, b) => (order.get(a.row) ?? 0) - (order.get(b.row) ?? 0));
const isGrid = ({ row }: CompressRow): boolean => /^prune\/lenet5\/.*% of params|^prune\/lenet5\/nm/.test(row);
const isTutorial = ({ row }: CompressRow): boolean => row.startsWith('tutorial/');
const page = [
  '# Compression results',
  `Written by \`scripts/compression-tables.ts\` from finished rows of \`npm run --silent bench -- compress --full --keep FOLDER\` (${rows.length} of ${order.size}; a later run goes on from the folder); not edited by hand. Accuracies in % on test samples with the arithmetic of the device, seed 1; ROM and RAM in kB, predicted for the Arduino Nano 33 BLE.`,
  '## LeNet-5 on MNIST (61,706 parameters, 99.39 %)',
  'Four epochs on all training samples. The paper (its LeNet has 1.2 M parameters, 98.46 %): structured 99.18 % and single weights 95.00 % removed keep more than 99 % of the accuracy; 99.7 % and 97.00 % keep more than 97 % (Table 3); no structured heuristic is clearly better than random.',
  grid(rows.filter(isGrid)),
  '## Other targets and networks',
  "Keyword spotting trains on 3,213 clips, ResNet-8 on 1,000 images: little data, so what pruning costs here is mostly what so few samples cannot bring back. The paper's ResNet (9.4 M parameters) had all of CIFAR-10.",
  single(rows.filter((row) => !isGrid(row) && !isTutorial(row))),
  "## The tutorial's network",
  'conv 12 3×3, max-pool, dense (20,410 parameters), trained for ten epochs. The tutorial gives sizes of TensorFlow Lite files against the saved Keras model; ours are whole programs with their code against the float program.',
  single(rows.filter(isTutorial)),
];
writeFileSync(PAGE, `${page.join('\n\n')}\n`);
