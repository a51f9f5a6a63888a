/** What bench/compress.ts measures: one case per row of its tables, with the figure that the paper or the tutorial gives for it. */
import type { CompressionPlan, FinetunePlan, NumberFormat, PruneHeuristic, PrunePlan } from '@tinypareto/evaluators';

export type NetworkName = 'lenet' | 'lenet5' | 'tutorial-digits' | 'tutorial-fashion' | 'kws' | 'ic';

export interface CompressCase {
  /** Table / network / what is done, for `--rows`. */
  readonly id: string;
  readonly network: NetworkName;
  readonly plan: CompressionPlan;
  /** What the seeds report for the same kind of compression. */
  readonly peer?: string;
  /** Runs without `--full`. */
  readonly isShort: boolean;
}

/** Epochs of the network's data set (bench/compress.ts takes a part of the large ones unless `--full`). */
const FINETUNE: Readonly<Record<NetworkName, FinetunePlan>> = {
  lenet: { epochs: 3, optimizer: 'nesterov', learningRate: 0.05, schedule: 'oneCycle', batchSize: 48 },
  lenet5: { epochs: 4, optimizer: 'nesterov', learningRate: 0.03, schedule: 'oneCycle', batchSize: 48 },
  'tutorial-digits': { epochs: 3, optimizer: 'adam', learningRate: 0.001, schedule: 'cosine', batchSize: 64 },
  'tutorial-fashion': { epochs: 3, optimizer: 'adam', learningRate: 0.001, schedule: 'cosine', batchSize: 64 },
  kws: { epochs: 5, optimizer: 'adam', learningRate: 0.001, schedule: 'cosine', batchSize: 32 },
  // A thousand images are few: the uncompressed network's answers and changed images say more than their labels.
  ic: {
    epochs: 5,
    optimizer: 'adam',
    learningRate: 0.001,
    schedule: 'cosine',
    batchSize: 32,
    distill: 0.8,
    augment: ['flip', 'shift'],
  },
};

const HEURISTICS: readonly PruneHeuristic[] = ['l1', 'l2', 'gradient', 'apoz', 'attribution', 'random', 'level'];
const SCHEDULES = ['oneShot', 'iterative', 'agp'] as const;
const FORMATS: readonly NumberFormat[] = ['float32', 'float16', 'int8', 'uint8', 'int4', 'codebook'];

interface Pruning {
  readonly heuristic: PruneHeuristic;
  readonly schedule: (typeof SCHEDULES)[number];
  readonly granularity: PrunePlan['granularity'];
  readonly remove: number;
  readonly metric?: 'params' | 'macs' | 'romBytes';
}

function prune({ heuristic, schedule, granularity, remove, metric = 'params' }: Pruning): PrunePlan {
  return {
    granularity,
    heuristic,
    schedule: { kind: schedule, steps: schedule === 'oneShot' ? 1 : 3 },
    ...(granularity === 'nm' ? { n: 2, m: 4 } : { target: { metric, remove } }),
  };
}

function pruned(
  network: NetworkName,
  pruning: Pruning,
  format: NumberFormat,
  options: { readonly isShort: boolean; readonly peer?: string },
): CompressCase {
  const { heuristic, schedule, granularity, remove, metric = 'params' } = pruning;
  const share = granularity === 'nm' ? '2:4' : `${(100 * remove).toFixed(1)}% of ${metric}`;
  return {
    id: `prune/${network}/${granularity}/${heuristic}/${schedule}/${share}/${format}`,
    network,
    plan: {
      prune: prune(pruning),
      finetune: FINETUNE[network],
      quantize: { format, granularity: format === 'uint8' ? 'tensor' : 'channel' },
      seed: 1,
    },
    ...options,
  };
}

/** Whether a heuristic ranks what is pruned. */
function ranks(heuristic: PruneHeuristic, granularity: PrunePlan['granularity']): boolean {
  return granularity === 'structured' || heuristic !== 'apoz';
}

/** Each heuristic, schedule, granularity and format on the small LeNet; the paper's points of Table 3 beside its neighbours. */
function grid(): CompressCase[] {
  const cases: CompressCase[] = [];
  for (const granularity of ['structured', 'element', 'nm'] as const) {
    for (const heuristic of HEURISTICS.filter((each) => ranks(each, granularity))) {
      for (const schedule of SCHEDULES) {
        for (const format of FORMATS) {
          const remove = granularity === 'element' ? 0.95 : 0.9;
          const isMain = format === 'uint8' && schedule === 'agp';
          const isShort =
            (granularity === 'structured' && isMain) ||
            (granularity === 'structured' && heuristic === 'l1' && format === 'uint8') ||
            (granularity === 'element' && isMain && ['level', 'gradient', 'random'].includes(heuristic)) ||
            (granularity === 'nm' && isMain && heuristic === 'level');
          const peer =
            granularity === 'element' && format === 'uint8'
              ? 'paper, LeNet 1.2 M: 95.00 % removed keeps > 99 % of the accuracy, 97.00 % keeps > 97 % (Table 3)'
              : granularity === 'structured' && format === 'uint8'
                ? 'paper, LeNet 1.2 M: 99.18 % removed keeps > 99 % of the accuracy (Table 3); heuristics no better than random'
                : undefined;
          const options = { isShort, ...(peer === undefined ? {} : { peer }) };
          cases.push(pruned('lenet5', { heuristic, schedule, granularity, remove }, format, options));
        }
      }
    }
  }
  return cases;
}

/** Other networks, other targets. */
function others(): CompressCase[] {
  const base = { heuristic: 'l1', schedule: 'agp', granularity: 'structured' } as const;
  const resnet =
    'paper, ResNet 9.4 M on CIFAR-10: 93.2 % removed keeps 96.43 %, 98.7 % keeps 88.52 % of the accuracy (Table 4)';
  return [
    pruned('lenet5', { ...base, remove: 0.8, metric: 'macs' }, 'int8', { isShort: true }),
    pruned('lenet5', { ...base, remove: 0.9, metric: 'romBytes' }, 'int8', { isShort: true }),
    pruned('kws', { ...base, remove: 0.5 }, 'int8', { isShort: true }),
    pruned('kws', { ...base, remove: 0.8 }, 'int8', { isShort: false }),
    // 80 % of its stored numbers are 90.5 % of its weights: normalisations and biases stay.
    pruned('kws', { ...base, granularity: 'element', heuristic: 'level', remove: 0.8 }, 'int8', { isShort: false }),
    pruned('kws', { ...base, granularity: 'element', heuristic: 'l2', remove: 0.8 }, 'int8', { isShort: false }),
    pruned('kws', { ...base, granularity: 'element', heuristic: 'l2', remove: 0.5 }, 'int8', { isShort: false }),
    pruned('ic', { ...base, remove: 0.5 }, 'int8', { isShort: true, peer: resnet }),
    pruned('ic', { ...base, remove: 0.8 }, 'int8', { isShort: false, peer: resnet }),
    pruned('ic', { ...base, heuristic: 'gradient', remove: 0.5 }, 'int8', { isShort: false, peer: resnet }),
  ];
}

/** The tutorial's components, alone and in its sequences. */
function tutorial(network: 'tutorial-digits' | 'tutorial-fashion'): CompressCase[] {
  const finetune = FINETUNE[network];
  const make = (what: string, plan: CompressionPlan, peer: string): CompressCase => ({
    id: `tutorial/${network}/${what}`,
    network,
    plan: { ...plan, seed: 1 },
    peer,
    isShort: true,
  });
  const cheaper = { conv: { kernel: 2 } } as const;
  const half = prune({ heuristic: 'level', schedule: 'agp', granularity: 'element', remove: 0.8 });
  const gain = network === 'tutorial-fashion' ? '+0.27' : '+0.13';
  return [
    make('int with float fallback', { quantize: { format: 'int8', fallback: 'float' } }, '12.06× smaller, 22.5 KB'),
    make('int only', { quantize: { format: 'int8', fallback: 'none' } }, `11.69× smaller, accuracy ${gain} points`),
    make('float16', { quantize: { format: 'float16' } }, '6.31× smaller, accuracy -0.01 points'),
    make('int8 in training', { finetune, quantize: { format: 'int8', mode: 'qat' } }, '2.49× smaller (float file)'),
    make('pruned weights', { prune: half, finetune }, '2.76× smaller'),
    make('pruned weights, then int8', { prune: half, finetune, quantize: { format: 'int8' } }, '> 11× smaller'),
    make('operations', { restructure: cheaper, finetune }, '6.36× faster'),
    make(
      'operations, then float16',
      { restructure: cheaper, finetune, quantize: { format: 'float16' } },
      'the fastest of its sequences',
    ),
    make('operations, then int8', { restructure: cheaper, finetune, quantize: { format: 'int8' } }, 'not given'),
    make('operations, dense layer of rank 7', { restructure: { fc: { lowRank: 7 } }, finetune }, 'not given'),
    make('uint8', { quantize: { format: 'uint8' } }, 'not given'),
    make('int4 weights', { quantize: { format: 'int4' } }, 'not given'),
    make('codebook weights', { quantize: { format: 'codebook' } }, 'not given'),
  ];
}

export function compressCases(): CompressCase[] {
  return [...tutorial('tutorial-digits'), ...tutorial('tutorial-fashion'), ...others(), ...grid()];
}
