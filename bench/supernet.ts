/**
 * One training for many trials: a slimmable supernet of LeNet-5 on MNIST. Sub-networks that were not among those trained are sliced out
 * and, with promise, fine-tuned for a moment; the same widths are pruned and trained alone. The figure is the rank correlation (Spearman)
 * of both accuracies; details give the evaluations per hour of either way, measured in CPU time in this run.
 *
 * `--subnets N` compared widths (default 14), `--train N` training samples (default 12,000), `--epochs E` of a stand-alone training
 * (default 3; the supernet takes twice as many, once).
 */

import { readFileSync } from 'node:fs';
import {
  compress,
  evaluate,
  type FinetunePlan,
  finetune,
  importOnnx,
  makeSubnets,
  prunableLayers,
  sliceSubnet,
  subset,
  trainSupernet,
} from '@tinypareto/evaluators';
import { createRng } from '@tinypareto/optimizer';
import { sharedPath } from '../test/support/shared.ts';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';
import { referenceData } from './support/reference-data.ts';

const TRAINED_SUBNETS = 24;
/** Narrowest share of a layer. */
const LEAST = 0.06;
const BRIEF_EPOCHS = 0.3;
/** The shared training is paid once, so it may take longer than that of one trial. */
const SUPERNET_FACTOR = 2;
const PLAN = { optimizer: 'nesterov', learningRate: 0.02, schedule: 'cosine', batchSize: 48 } as const;

interface Row {
  /** Structures kept per layer. */
  readonly widths: string;
  /** Accuracy sliced out, sliced and briefly fine-tuned, and trained alone. */
  readonly sliced: number;
  readonly brief: number;
  readonly alone: number;
  readonly seconds: { readonly sliced: number; readonly brief: number; readonly alone: number };
}

function ranks(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  // Equal values share the mean of their places.
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const dot = (a: readonly number[], b: readonly number[], ma: number, mb: number) =>
    a.reduce((sum, value, i) => sum + (value - ma) * (b[i] - mb), 0);
  return dot(x, y, mx, my) / Math.sqrt(dot(x, x, mx, mx) * dot(y, y, my, my));
}

/** CPU seconds that `work` takes, and its result. */
async function timed<T>(work: () => T | Promise<T>): Promise<{ readonly result: T; readonly seconds: number }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (user + system) / 1e6 };
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const count = Number(option(args, 'subnets', '14'));
  const epochs = Number(option(args, 'epochs', '3'));
  const graph = importOnnx(readFileSync(sharedPath('models', 'lenet', 'lenet5-classic.onnx')));
  const dataset = subset(referenceData('mnist'), { train: Number(option(args, 'train', '12000')) });
  const layers = prunableLayers(graph);
  const rng = createRng(1, 0, 'widths');
  const shares = () => layers.map(() => LEAST + (1 - LEAST) * (rng.nextUint32() / 2 ** 32));
  const plan: FinetunePlan = { ...PLAN, epochs };
  const trained = makeSubnets(graph, [LEAST, ...Array.from({ length: TRAINED_SUBNETS }, shares)]);
  const compared = Array.from({ length: count }, shares);
  const supernet = await timed(() =>
    trainSupernet(graph, trained, dataset, { ...plan, epochs: SUPERNET_FACTOR * epochs }, { seed: 1 }),
  );
  const rows: Row[] = [];
  for (const share of compared) {
    const [subnet] = makeSubnets(graph, [share]);
    const sliced = await timed(() => {
      const network = sliceSubnet(supernet.result.graph, subnet, dataset, 1);
      return { network, accuracy: evaluate(network, dataset).accuracy };
    });
    const brief = await timed(async () => {
      const options = { seed: 1 };
      const { graph: tuned } = await finetune(
        sliced.result.network,
        dataset,
        { ...plan, epochs: BRIEF_EPOCHS },
        options,
      );
      return evaluate(tuned, dataset).accuracy;
    });
    const widths = Object.fromEntries(
      layers.map(({ name, structures }, i) => [name, { keep: Math.max(1, Math.round(share[i] * structures)) }]),
    );
    const alone = await timed(() =>
      compress(
        graph,
        dataset,
        { prune: { granularity: 'structured', heuristic: 'l1', layers: widths }, finetune: plan, seed: 1 },
        { baselineAccuracy: Number.NaN },
      ),
    );
    rows.push({
      widths: subnet.name,
      sliced: sliced.result.accuracy,
      brief: brief.result,
      alone: alone.result.report.accuracy.float,
      seconds: { sliced: sliced.seconds, brief: sliced.seconds + brief.seconds, alone: alone.seconds },
    });
  }
  const of = (pick: (row: Row) => number): number[] => rows.map(pick);
  const perHour = (pick: (row: Row) => number): number => (3600 * rows.length) / of(pick).reduce((a, b) => a + b, 0);
  const alone = of((row) => row.alone);
  const rate = { sliced: perHour((row) => row.seconds.sliced), alone: perHour((row) => row.seconds.alone) };
  const briefRate = perHour((row) => row.seconds.brief);
  const spearman = (pick: (row: Row) => number): number => correlation(ranks(of(pick)), ranks(alone));
  const figure = spearman((row) => row.brief);
  return {
    name: 'supernet',
    figure,
    unit: 'rank correlation with stand-alone training',
    peer: 'stand-alone training of every trial (this run)',
    peerFigure: 1,
    ratio: figure,
    details: {
      network: `LeNet-5 on ${dataset.train.count} digits, ${layers.length} layer widths, ${rows.length} sub-networks not trained on`,
      rankCorrelation: { sliced: spearman((row) => row.sliced), briefly: figure },
      evaluationsPerHour: {
        ...rate,
        briefly: briefRate,
        gain: briefRate / rate.alone,
        gainSliced: rate.sliced / rate.alone,
      },
      supernetSeconds: supernet.seconds,
      paysAfterTrials: supernet.seconds / (3600 / rate.alone - 3600 / briefRate),
      rows,
    },
  };
}
