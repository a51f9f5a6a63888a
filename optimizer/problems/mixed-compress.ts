/**
 * A synthetic, noise-free response surface shaped like pruning and quantising a LeNet of four weight layers for a Cortex-M4F at
 * 64 MHz: d = 9 (integers, categories, one float), m = 3 (error, romBytes, latencyMs), ROM limit 256 KiB. ROM and latency are exact
 * functions of the params that cost microseconds; only the error stands for a training. Smooth enough to be learned, with the traps of
 * the real thing: sparse storage that pays only above a threshold, and a parameter (lr) without effect when epochs = 0.
 */
import type { KnownMetric, SamplerProblem } from '../samplers/sampler.ts';
import type { Params } from '../space/parameter.ts';
import { createSearchSpace } from '../space/search-space.ts';
import { exactMetrics, type TestProblem } from './test-problem.ts';

const WEIGHTS = [500, 25_000, 400_000, 5_000];
const CHANNELS = [20, 50, 500, 10];
const MACS = [288_000, 1_600_000, 400_000, 5_000];
const SENSITIVITY = [0.1, 0.07, 0.02, 0.06];
const ROM_LIMIT_BYTES = 262_144;

/** Factor on each layer's sensitivity. */
const METHODS: Readonly<Record<string, readonly number[]>> = {
  l1: [1, 1, 1, 1],
  l2: [0.95, 1.05, 0.98, 1.02],
  gradient: [0.75, 0.85, 1.1, 0.8],
  apoz: [1.3, 0.9, 0.7, 1.25],
};

interface Format {
  readonly weightBytes: number;
  readonly codeBytes: number;
  readonly cyclesPerMac: number;
}

const FORMATS: Readonly<Record<string, Format>> = {
  float32: { weightBytes: 4, codeBytes: 36_864, cyclesPerMac: 4.2 },
  'int8-tensor': { weightBytes: 1, codeBytes: 45_056, cyclesPerMac: 1.6 },
  'int8-channel': { weightBytes: 1, codeBytes: 47_104, cyclesPerMac: 1.75 },
};

/** A point in plain words. */
export interface MixedCompressPoint {
  /** Tenths pruned per layer, 0 … 9. */
  readonly k: readonly number[];
  readonly method: string;
  readonly granularity: string;
  readonly quant: string;
  readonly epochs: number;
  readonly lr: number;
}

interface LayerCost {
  readonly romBytes: number;
  readonly cycles: number;
  readonly channels: number;
  readonly isSparse: boolean;
}

function structureCost(k: readonly number[], i: number, format: Format): LayerCost {
  const keep = 10 - k[i];
  const keepIn = i === 0 ? 10 : 10 - k[i - 1];
  return {
    romBytes: Math.floor((WEIGHTS[i] * keep * keepIn + 99) / 100) * format.weightBytes,
    cycles: ((MACS[i] * keep * keepIn) / 100) * format.cyclesPerMac,
    channels: Math.floor((CHANNELS[i] * keep + 9) / 10),
    isSparse: false,
  };
}

function elementCost(k: readonly number[], i: number, format: Format): LayerCost {
  const keep = 10 - k[i];
  const channels = CHANNELS[i];
  const dense = WEIGHTS[i] * format.weightBytes;
  // One index byte per value that is kept, two bytes per row.
  const sparse = Math.floor((WEIGHTS[i] * keep + 9) / 10) * (format.weightBytes + 1) + 2 * channels;
  if (sparse >= dense) return { romBytes: dense, cycles: MACS[i] * format.cyclesPerMac, channels, isSparse: false };
  return { romBytes: sparse, cycles: ((MACS[i] * keep) / 10) * format.cyclesPerMac * 2.6, channels, isSparse: true };
}

function sizes({ k, granularity, quant }: Pick<MixedCompressPoint, 'k' | 'granularity' | 'quant'>): {
  romBytes: number;
  latencyMs: number;
} {
  const format = FORMATS[quant];
  let romBytes = format.codeBytes;
  let cycles = 0;
  let isSparse = false;
  for (let i = 0; i < k.length; i++) {
    const cost = granularity === 'structure' ? structureCost(k, i, format) : elementCost(k, i, format);
    romBytes += cost.romBytes + 4 * cost.channels;
    if (quant === 'int8-tensor') romBytes += 16;
    if (quant === 'int8-channel') romBytes += 8 * cost.channels;
    cycles += cost.cycles;
    isSparse ||= cost.isSparse;
  }
  if (isSparse) romBytes += 3072;
  return { romBytes, latencyMs: 0.35 + cycles / 64_000 };
}

function classificationError({ k, method, granularity, quant, epochs, lr }: MixedCompressPoint): number {
  const s = k.map((tenths) => tenths / 10);
  const meanSparsity = (k[0] + k[1] + k[2] + k[3]) / 40;
  const isStructure = granularity === 'structure';
  const g = isStructure ? 2.2 : 1;
  let damage = 0;
  for (let i = 0; i < k.length; i++) {
    let factor = METHODS[method][i];
    if (method === 'apoz' && !isStructure) factor *= 1.5;
    damage += (SENSITIVITY[i] * g * factor * s[i] * s[i]) / (1.05 - s[i]);
  }
  damage += 0.15 * g * s[0] * s[1] + 0.05 * g * s[2] * s[3];
  const logRate = Math.log10(lr);
  let bestLogRate = -2;
  if (quant === 'int8-tensor') bestLogRate -= 0.4;
  if (quant === 'int8-channel') bestLogRate -= 0.3;
  if (isStructure) bestLogRate -= 0.25;
  const z = (logRate - bestLogRate) / 0.7;
  const recovery = 0.9 * Math.exp(-z * z) * (1 - Math.exp(-epochs / (2 + 4 * meanSparsity)));
  const over = Math.max(0, logRate + 1.6);
  const divergence = 0.4 * (epochs / 10) * over * over;
  let rounding = 0;
  if (quant === 'int8-tensor') rounding = 0.05 + 0.1 * meanSparsity;
  if (quant === 'int8-channel') rounding = 0.012 + 0.03 * meanSparsity;
  const floor = 0.012 - 0.016 * recovery * meanSparsity * (1 - meanSparsity);
  const total = damage * (1 - recovery) + rounding * (1 - 0.6 * recovery) + divergence;
  return 0.9 - (0.9 - floor) * Math.exp(-total);
}

function pointOf(params: Params): MixedCompressPoint {
  return {
    k: [Number(params['s1']), Number(params['s2']), Number(params['s3']), Number(params['s4'])],
    method: String(params['method']),
    granularity: String(params['granularity']),
    quant: String(params['quant']),
    epochs: Number(params['epochs']),
    lr: Number(params['lr']),
  };
}

/** [error, romBytes, latencyMs] and [(romBytes − limit)/limit]. */
export function mixedCompressAt(point: MixedCompressPoint): { objectives: number[]; constraints: number[] } {
  const { romBytes, latencyMs } = sizes(point);
  return {
    objectives: [classificationError(point), romBytes, latencyMs],
    constraints: [(romBytes - ROM_LIMIT_BYTES) / ROM_LIMIT_BYTES],
  };
}

const sparsity = (name: string) => ({ name, type: 'int', low: 0, high: 9 }) as const;

const problem: SamplerProblem = {
  space: createSearchSpace([
    sparsity('s1'),
    sparsity('s2'),
    sparsity('s3'),
    sparsity('s4'),
    { name: 'method', type: 'categorical', choices: Object.keys(METHODS) },
    { name: 'granularity', type: 'categorical', choices: ['element', 'structure'] },
    { name: 'quant', type: 'categorical', choices: Object.keys(FORMATS) },
    { name: 'epochs', type: 'int', low: 0, high: 10 },
    { name: 'lr', type: 'float', low: 1e-4, high: 1e-1, log: true },
  ]),
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 0.5 },
    { metric: 'romBytes', direction: 'minimize', reference: ROM_LIMIT_BYTES },
    { metric: 'latencyMs', direction: 'minimize', reference: 100 },
  ],
  constraints: [
    {
      name: 'romBytes',
      metrics: ['romBytes'],
      violation: (metrics) => (metrics['romBytes'] - ROM_LIMIT_BYTES) / ROM_LIMIT_BYTES,
    },
  ],
};

export const mixedCompress: TestProblem = {
  name: 'mixed-compress',
  problem,
  reference: [0.5, ROM_LIMIT_BYTES, 100],
  bestHypervolume: 9_295_647.59,
  evaluate: (params) => mixedCompressAt(pointOf(params)),
  measure: (params) => exactMetrics(['error', 'romBytes', 'latencyMs'], mixedCompressAt(pointOf(params)).objectives),
};

/** ROM and latency as known functions of the params. */
export const mixedCompressKnown: ReadonlyMap<string, KnownMetric> = new Map([
  ['romBytes', (params: Params) => sizes(pointOf(params)).romBytes],
  ['latencyMs', (params: Params) => sizes(pointOf(params)).latencyMs],
]);
