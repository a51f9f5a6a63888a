/**
 * Wasted trials where most of the space does not fit: how many of the asks after the first 20 end infeasible, when nothing but the outcome
 * says so (no values, as when a network does not fit its device). 8 × 8 × 8 × 4 cells of layer widths and formats, 70 % of them too
 * large for the memory; two objectives. The peer is what Optuna does with failures: nothing, so it wastes what a random choice wastes.
 *   --seeds K (5)   --asks N (60)   --samplers a,b (mobo)
 */
import {
  createRng,
  createSampler,
  createSearchSpace,
  hypervolume,
  SAMPLER_KINDS,
  type SamplerProblem,
} from '@tinypareto/optimizer';
import type { ObservedTrial } from '../optimizer/samplers/sampler.ts';
import type { Params } from '../optimizer/space/parameter.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

const FIRST = 20;
const SHARE_THAT_FITS = 0.3;
const BYTES: Readonly<Record<string, number>> = { float32: 4, float16: 2, int8: 1, int4: 0.5 };

const width = (name: string) => ({ name, type: 'int', low: 1, high: 8 }) as const;
const space = createSearchSpace([
  width('w1'),
  width('w2'),
  width('w3'),
  { name: 'format', type: 'categorical', choices: Object.keys(BYTES) },
]);
const problem: SamplerProblem = {
  space,
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 1 },
    { metric: 'latencyUs', direction: 'minimize', reference: 400 },
  ],
  constraints: [],
};

interface Network {
  readonly memory: number;
  readonly error: number;
  readonly latencyUs: number;
}

function network(params: Params): Network {
  const [a, b, c] = [Number(params['w1']), Number(params['w2']), Number(params['w3'])];
  const bytes = BYTES[String(params['format'])];
  const weights = a + a * b + b * c + c;
  const noise = { float32: 0, float16: 0.01, int8: 0.04, int4: 0.15 }[String(params['format'])] ?? 0;
  return {
    memory: weights * bytes,
    error: noise + 0.9 * Math.exp(-(a / 3 + b / 4 + c / 5)) + 0.02,
    latencyUs: 2 * weights * (bytes === 2 ? 1.6 : Math.sqrt(bytes)),
  };
}

/** The memory that just 30 % of the cells fit into. */
function memoryLimit(): number {
  const sizes = [...space.cells()].map((params) => network(params).memory).sort((x, y) => x - y);
  return sizes[Math.floor(SHARE_THAT_FITS * sizes.length)];
}

const REFERENCE = [1, 400];

/** Of the points that fit. */
function reached(params: readonly Params[], limit: number): number {
  const fitting = params.map(network).filter(({ memory }) => memory <= limit);
  return hypervolume(
    fitting.map(({ error, latencyUs }) => [error, latencyUs]),
    REFERENCE,
  );
}

interface Outcome {
  readonly wastedPercent: number;
  /** Of the hypervolume of all cells that fit. */
  readonly hypervolumeShare: number;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const limit = memoryLimit();
  const best = reached([...space.cells()], limit);
  const asks = Number(option(args, 'asks', '60'));
  const seeds = Array.from({ length: Number(option(args, 'seeds', '5')) }, (_, i) => i);
  const chosen = option(args, 'samplers', 'mobo').split(',');
  const kinds = SAMPLER_KINDS.filter((kind) => chosen.includes(kind));
  const rows = kinds.map((kind) => {
    const outcomes = seeds.map((seed): Outcome => {
      const sampler = createSampler(kind, problem, { seed, budgetTrials: asks });
      const observed: ObservedTrial[] = [];
      for (let number = 0; number < asks; number++) {
        const [suggestion] = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1).suggestions;
        const { memory, error, latencyUs } = network(suggestion.params);
        const trial = { number, params: suggestion.params };
        if (memory > limit) observed.push({ ...trial, state: 'infeasible', metrics: {} });
        else
          observed.push({
            ...trial,
            state: 'completed',
            metrics: { error: { mean: error }, latencyUs: { mean: latencyUs } },
          });
      }
      const late = observed.slice(FIRST);
      const failed = late.filter(({ state }) => state === 'infeasible').length;
      return {
        wastedPercent: (100 * failed) / late.length,
        hypervolumeShare:
          reached(
            observed.map(({ params }) => params),
            limit,
          ) / best,
      };
    });
    return {
      sampler: kind,
      medianWastedPercent: median(outcomes.map(({ wastedPercent }) => wastedPercent)),
      medianHypervolumeShare: median(outcomes.map(({ hypervolumeShare }) => hypervolumeShare)),
      outcomes,
    };
  });
  const figure = rows[0]?.medianWastedPercent ?? Number.NaN;
  const peerFigure = 100 * (1 - SHARE_THAT_FITS);
  return {
    name: 'infeasible',
    figure,
    unit: `% of the asks after the first ${FIRST} do not fit (${rows[0]?.sampler})`,
    peer: 'a choice blind to failures, as Optuna 5 treats failed trials (by construction of the space)',
    peerFigure,
    ratio: peerFigure / Math.max(figure, 100 / (asks - FIRST)),
    details: { rows },
  };
}
