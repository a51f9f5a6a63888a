/**
 * Compression as the paper (arXiv 2205.10369) and the tutorial (ECML PKDD 2021, part III) report it: asked and achieved size, accuracy before
 * and after on the device's arithmetic, ROM and RAM. The figure is the share of LeNet's parameters removed by structured pruning while
 * the uint8 network keeps 99 % of its accuracy on the 10,000 test digits; 0 when it does not.
 *
 * `--keep FOLDER` remembers finished rows and trained networks there and goes on from them;
 * `--full` every heuristic × schedule × granularity × format on all training data (hours); `--rows REGEX` some rows; `--no-lenet` without
 * the figure's recipe (examples/lenet-mnist/smallest.yaml; without `--full` a tenth of its training).
 */
import { readFileSync } from 'node:fs';
import {
  CompressionError,
  type CompressionPlan,
  type Dataset,
  evaluate,
  type Graph,
  importOnnx,
  loadDataset,
  subset,
} from '@tinypareto/evaluators';
import { findBoard } from '../src/runner/board-specs.ts';
import { sharedPath } from '../test/support/shared.ts';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';
import { type CompressCase, compressCases, type NetworkName } from './support/compress-cases.ts';
import { type CompressRow, RowMeasure, type Subject } from './support/measure-row.ts';
import { referenceData } from './support/reference-data.ts';
import { smallestLenet } from './support/smallest-lenet.ts';
import { splitAgain } from './support/split-again.ts';
import { tutorialCnn } from './support/tutorial-cnn.ts';

/** Training samples without `--full`: enough that heuristics differ. */
const SHORT_TRAIN = 6000;
const PAPER_REMOVED = 99.18;
const KEPT_ACCURACY = 0.99;

async function subjectOf(network: NetworkName, isFull: boolean): Promise<Subject> {
  const size = isFull ? {} : { train: SHORT_TRAIN };
  const model = (name: string): Graph => importOnnx(readFileSync(sharedPath('models', `${name}.onnx`)));
  const measured = (graph: Graph, dataset: Dataset): Subject => ({
    graph,
    dataset,
    accuracy: evaluate(graph, dataset).accuracy,
  });
  switch (network) {
    case 'lenet':
      return measured(model('lenet/lenet-mnist'), subset(referenceData('mnist'), size));
    case 'lenet5':
      return measured(model('lenet/lenet5-classic'), subset(referenceData('mnist'), size));
    case 'tutorial-digits':
    case 'tutorial-fashion': {
      const builtin = network === 'tutorial-digits' ? 'mnist' : 'fashion-mnist';
      const dataset = subset(loadDataset({ kind: 'builtin', builtin }), isFull ? {} : { train: 3 * SHORT_TRAIN });
      return measured(await tutorialCnn(dataset, isFull ? 10 : 4), dataset);
    }
    case 'kws':
      return measured(model('mlperf-tiny/kws-dscnn'), splitAgain(referenceData('kws'), 0.7));
    case 'ic':
      return measured(model('mlperf-tiny/ic-resnet8'), referenceData('cifar10'));
  }
}

const board = findBoard('nano33ble');

/** Rows by network, so that each network is trained and evaluated once; what cannot be had is said, not left out. */
async function measureAll(
  cases: readonly CompressCase[],
  isFull: boolean,
  measure: RowMeasure,
  report: (text: string) => void,
) {
  const rows: CompressRow[] = [];
  const missing: { readonly row: string; readonly reason: string }[] = [];
  for (const network of new Set(cases.map((each) => each.network))) {
    const own = cases.filter((each) => each.network === network);
    const subject = await subjectOf(network, isFull).catch((error: unknown) => String(error));
    if (typeof subject === 'string') {
      missing.push({ row: `every row of ${network}`, reason: subject });
      continue;
    }
    for (const each of own) {
      try {
        const row = measure.known(each, subject.dataset.train.count) ?? (await measure.measure(each, subject));
        rows.push(row);
        report(
          `${row.row}: ${row.accuracyAfter} % (${row.accuracyBefore}), ${row.params} parameters, ${row.seconds} s\n`,
        );
      } catch (error) {
        if (!(error instanceof CompressionError)) throw error;
        missing.push({ row: each.id, reason: error.message });
      }
    }
  }
  return { rows, missing };
}

export async function run({ args, json }: BenchOptions): Promise<BenchResult> {
  const isFull = args.includes('--full');
  const wanted = new RegExp(option(args, 'rows', '.'));
  const isChosen = args.includes('--rows');
  const report = (text: string): void => {
    process.stderr.write(text);
  };
  const cases = compressCases().filter((each) => wanted.test(each.id) && (isChosen || isFull || each.isShort));
  const kept = option(args, 'keep', '');
  const measure = new RowMeasure(board, kept === '' ? null : kept);
  const { rows, missing } = await measureAll(cases, isFull, measure, report);
  const lenet = args.includes('--no-lenet') || isChosen ? null : await lenetRow(isFull, measure);
  if (!json) for (const line of table(rows)) process.stdout.write(`${line}\n`);
  const left = lenet === null ? Number.NaN : lenet.relativePercent / 100;
  const figure = lenet === null ? Number.NaN : left >= KEPT_ACCURACY ? lenet.removedPercent : 0;
  const misses = rows.flatMap(({ missPercent }) => (missPercent === null ? [] : [Math.abs(missPercent)]));
  return {
    name: 'compress',
    figure,
    unit: '% of LeNet’s parameters removed, uint8, at 99 % of its accuracy',
    peer: 'arXiv 2205.10369, Table 3 (LeNet on MNIST, structured, uint8)',
    peerFigure: PAPER_REMOVED,
    // Parameters left: theirs over ours.
    ratio: (100 - PAPER_REMOVED) / (100 - figure),
    details: {
      lenet,
      asked: { rows: misses.length, worstMissPercent: Math.max(0, ...misses) },
      board: board.title,
      rows,
      missing,
    },
  };
}

/** The recipe of the figure. */
async function lenetRow(isFull: boolean, measure: RowMeasure): Promise<CompressRow> {
  const plan: CompressionPlan = smallestLenet(isFull);
  const dataset = referenceData('mnist');
  const graph = importOnnx(readFileSync(sharedPath('models', 'lenet', 'lenet-mnist.onnx')));
  const subject = { graph, dataset, accuracy: evaluate(graph, dataset).accuracy };
  const peer = 'paper: 99.18 % removed at > 99 %; trained from scratch at 4,802 parameters 96.61 %, at 18,954 99.00 %';
  return measure.measure({ id: 'lenet/structured/uint8', network: 'lenet', plan, peer, isShort: true }, subject);
}

const COLUMNS: readonly (keyof CompressRow)[] = [
  'row',
  'missPercent',
  'params',
  'removedPercent',
  'accuracyBefore',
  'accuracyFloat',
  'accuracyAfter',
  'romBytes',
  'ramBytes',
  'smaller',
  'seconds',
  'seeds',
];

/** The rows as a Markdown table. */
function table(rows: readonly CompressRow[]): string[] {
  const line = (cells: readonly unknown[]): string => `| ${cells.map((cell) => cell ?? '').join(' | ')} |`;
  return [line(COLUMNS), line(COLUMNS.map(() => '---')), ...rows.map((row) => line(COLUMNS.map((key) => row[key])))];
}
