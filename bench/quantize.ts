/**
 * Accuracy after quantization by format, calibration and granularity, on the reference networks, beside the files that ONNX Runtime's static
 * quantizer made with the same calibration samples. Both are run by the integer engine, which has ONNX Runtime's outputs bit for bit, on the
 * same test samples. `--nets lenet5,kws,ic,lenet` chooses the networks,
 * `--python FILE` (a Python with onnxruntime, onnx and numpy) runs ONNX Runtime's files in ONNX Runtime itself, in the same run;
 * `--all` adds the other calibrations and learned steps; training rows are quantization-aware.
 */
import { existsSync, readFileSync } from 'node:fs';
import {
  type CompressionPlan,
  compress,
  type Dataset,
  evaluate,
  evaluateInteger,
  type FinetunePlan,
  fuseQuantized,
  type Graph,
  importOnnx,
  type QuantizePlan,
  subset,
} from '@tinypareto/evaluators';
import { sharedPath } from '../test/support/shared.ts';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';
import { type ReferenceData, referenceData } from './support/reference-data.ts';
import { runtimeAccuracy } from './support/runtime-accuracy.ts';

interface Net {
  readonly file: string;
  readonly data: ReferenceData;
  /** Calibration samples that the peer used. */
  readonly calibrationSamples: number;
  /** Only the rows that the peer has too, because one evaluation takes seconds. */
  readonly short: boolean;
}

const NETS: Readonly<Record<string, Net>> = {
  lenet5: { file: 'lenet/lenet5-classic', data: 'mnist', calibrationSamples: 512, short: false },
  kws: { file: 'mlperf-tiny/kws-dscnn', data: 'kws', calibrationSamples: 300, short: false },
  ic: { file: 'mlperf-tiny/ic-resnet8', data: 'cifar10', calibrationSamples: 256, short: false },
  lenet: { file: 'lenet/lenet-mnist', data: 'mnist', calibrationSamples: 512, short: true },
};

/** Training samples that quantization-aware training sees; the data sets of kws and ic have 300 and 1,000. */
const TRAINING_SAMPLES = 4_000;
const FINETUNE: FinetunePlan = {
  epochs: 2,
  optimizer: 'sgd',
  learningRate: 0.02,
  schedule: 'cosine',
  batchSize: 32,
  distill: 0.9,
};

const PEER_FILES: Readonly<Record<string, string>> = {
  'int8 channel': 'int8-pc',
  'int8 tensor': 'int8-pt',
  'uint8 tensor': 'uint8',
  'int4 channel': 'w4a8',
};

const MENDED = { equalize: true, biasCorrection: true, adaptiveRounding: true } as const;
const PLAIN = { equalize: false, biasCorrection: false, adaptiveRounding: false } as const;
const GRIDS: readonly QuantizePlan[] = [
  { format: 'int8', granularity: 'channel' },
  { format: 'int8', granularity: 'tensor' },
  { format: 'uint8', granularity: 'tensor' },
  { format: 'int4', granularity: 'channel' },
];
const CALIBRATIONS = ['movingAverage', 'percentile', 'mse', 'entropy'] as const;

interface Row {
  readonly net: string;
  readonly grid: string;
  readonly method: string;
  readonly accuracy: number;
  /** Of the float network on the same samples. */
  readonly float: number;
  /** ONNX Runtime's quantizer, same granularity, MinMax; null where it has no file. */
  readonly peer: number | null;
  readonly cpuSeconds: number;
}

interface Case {
  readonly grid: string;
  readonly method: string;
  readonly plan: CompressionPlan;
}

function casesOf(net: Net, all: boolean): Case[] {
  const cases: Case[] = [];
  for (const base of GRIDS) {
    const grid = `${base.format} ${base.granularity}`;
    const add = (method: string, more: Partial<QuantizePlan>, finetune?: FinetunePlan) =>
      cases.push({
        grid,
        method,
        plan: {
          quantize: { calibrationSamples: net.calibrationSamples, ...base, ...more },
          ...(finetune === undefined ? {} : { finetune }),
        },
      });
    add('default', {});
    add('minmax', PLAIN);
    if (net.short) continue;
    if (all) for (const calibration of CALIBRATIONS) add(calibration, { calibration, ...PLAIN });
    add('equalized, rounded, corrected', MENDED);
    const start = base.format === 'int4' ? { adaptiveRounding: true } : {};
    add('trained', { mode: 'qat', ...start }, FINETUNE);
    if (all) add('trained, learned steps', { mode: 'qat', learnSteps: true, ...start }, FINETUNE);
  }
  if (net.short) return cases;
  for (const format of ['float16', 'codebook'] as const)
    cases.push({ grid: format, method: '', plan: { quantize: { format } } });
  const shared: QuantizePlan = { format: 'codebook', codebookSize: 16 };
  return [...cases, { grid: 'codebook of 16', method: '', plan: { quantize: shared } }];
}

function readModel(name: string): Graph {
  return importOnnx(new Uint8Array(readFileSync(sharedPath('models', `${name}.onnx`))));
}

function peersOf(net: Net, dataset: Dataset, python: string): Map<string, number> {
  const peers = new Map<string, number>();
  for (const [grid, ending] of Object.entries(PEER_FILES)) {
    const file = `${net.file}.${ending}`;
    if (!existsSync(sharedPath('models', `${file}.onnx`))) continue;
    const accuracy =
      python === ''
        ? evaluateInteger(fuseQuantized(readModel(file)), dataset).accuracy
        : runtimeAccuracy(sharedPath('models', `${file}.onnx`), dataset, python);
    peers.set(grid, accuracy);
  }
  return peers;
}

async function rowsOf(name: string, net: Net, all: boolean, python: string): Promise<Row[]> {
  const graph = readModel(net.file);
  const dataset = subset(referenceData(net.data), { train: TRAINING_SAMPLES });
  const float = evaluate(graph, dataset).accuracy;
  const peers = peersOf(net, dataset, python);
  const rows: Row[] = [];
  for (const { grid, method, plan } of casesOf(net, all)) {
    const start = process.cpuUsage();
    const { report } = await compress(graph, dataset, plan, { baselineAccuracy: float, accuracies: 'deployed' });
    const { user, system } = process.cpuUsage(start);
    rows.push({
      net: name,
      grid,
      method,
      accuracy: report.accuracy.after,
      float,
      peer: peers.get(grid) ?? null,
      cpuSeconds: (user + system) / 1e6,
    });
  }
  return rows;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const names = option(args, 'nets', Object.keys(NETS).join(',')).split(',');
  const rows: Row[] = [];
  const python = option(args, 'python', '');
  for (const name of names) {
    const net = NETS[name];
    if (net === undefined) throw new RangeError(`no network "${name}"; there are ${Object.keys(NETS).join(', ')}`);
    rows.push(...(await rowsOf(name, net, args.includes('--all'), python)));
  }
  const compared = rows.flatMap((row) =>
    row.method === 'default' && row.peer !== null ? [{ ...row, peer: row.peer }] : [],
  );
  const trained = rows.filter(({ method, grid }) => method.startsWith('trained') && !grid.startsWith('int4'));
  const [ours, peer] = [mean(compared.map(({ accuracy }) => accuracy)), mean(compared.map((row) => row.peer))];
  return {
    name: 'quantize',
    figure: 100 * ours,
    unit: '% accuracy after post-training quantization (defaults), mean over networks and granularities',
    peer: `ONNX Runtime 1.31.1 static quantizer (its files in ../shared/models, run in this bench${python === '' ? ' by the integer engine' : ' by ONNX Runtime'})`,
    peerFigure: 100 * peer,
    ratio: ours / peer,
    details: {
      pointsAbovePeer: {
        worst: 100 * Math.min(...compared.map((row) => row.accuracy - row.peer)),
        best: 100 * Math.max(...compared.map((row) => row.accuracy - row.peer)),
      },
      worstLossOfTraining8Bit:
        trained.length === 0 ? null : 100 * Math.max(...trained.map((row) => row.float - row.accuracy)),
      samples: { mnist: 10_000, kws: '4,590 clips that calibration did not see, int8 features', ic: 1000 },
      rows: rows.map((row) => ({
        ...row,
        accuracy: 100 * row.accuracy,
        float: 100 * row.float,
        peer: row.peer === null ? null : 100 * row.peer,
      })),
    },
  };
}
