/**
 * ROM, RAM, MACs, FLOPs and parameters as functions of layer widths, in microseconds: what an optimizer needs to know of thousands of
 * candidates. Every weight array and every buffer is a polynomial of the widths, w ↦ a + Σ b_i w_i + Σ c_ij w_i w_j, found from a few
 * lowered programs; sums, alignment and the peak over the lifetimes are then computed as the compiler computes them. Functions that
 * miss a held-out program by more than TOLERANCE are not trusted.
 */
import type { BoardSpec } from '../board-spec.ts';
import { type LowerOptions, lower } from '../codegen/lower.ts';
import { predictSizes } from '../codegen/predict/predict-sizes.ts';
import type { Program } from '../codegen/program.ts';
import { pruneStructured } from '../compress/prune-structured.ts';
import type { CompressionPlan } from '../compression-plan.ts';
import { countCost } from '../ir/cost.ts';
import type { Graph } from '../ir/graph.ts';
import { deployable } from './load-network.ts';
import { compileOptions, deployedForm } from './size-measures.ts';

/** Largest relative error on the held-out programs. Blocks of outputs and tables that depend on the weights keep ROM from being exact. */
const TOLERANCE = 0.05;
const HELD_OUT = 6;

/** The widths that a layer may keep: `low`, `low + step`, … up to `high`. */
export interface WidthRange {
  readonly layer: string;
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

/** constant + Σ factor · (w_i - low_i) [· (w_j - low_j)]; a term [i, -1, factor] is linear. */
interface Polynomial {
  readonly constant: number;
  readonly terms: readonly (readonly [number, number, number])[];
}

/** Plain data, so that it can be stored with a study. */
export interface SizeFunctions {
  /** Metrics whose functions meet held-out programs; the others are no better than a guess. */
  readonly trusted: readonly SizeMetricName[];
  /** Root mean square of the relative errors on the held-out programs. */
  readonly errors: Readonly<Record<SizeMetricName, number>>;
  readonly lows: readonly number[];
  readonly params: Polynomial;
  readonly macs: Polynomial;
  readonly flops: Polynomial;
  /** ROM that no width changes. */
  readonly codeBytes: number;
  /** Bytes of each constant, before it is brought to whole words. */
  readonly constants: readonly Polynomial[];
  /** RAM beside the arena. */
  readonly fixedRamBytes: number;
  /** Bytes of the arena that are in use at each step; what lies under something else counts once. */
  readonly usedBytes: readonly Polynomial[];
}

export const SIZE_METRICS = ['romBytes', 'ramBytes', 'macs', 'flops', 'params'] as const;
export type SizeMetricName = (typeof SIZE_METRICS)[number];

/** What one lowered program says. */
interface Probe {
  readonly widths: readonly number[];
  readonly params: number;
  readonly macs: number;
  readonly flops: number;
  readonly romBytes: number;
  readonly ramBytes: number;
  readonly usedBytes: readonly number[];
  readonly program: Program;
}

/**
 * Not every metric is trusted: kernels chosen by the values of weights and other memory plans for other widths make jumps.
 * `plan` is the plan without widths. Throws CompressionError when a layer cannot have such a width.
 */
export function fitSizeFunctions(
  graph: Graph,
  plan: CompressionPlan,
  ranges: readonly WidthRange[],
  board: BoardSpec,
): SizeFunctions {
  const probe = (widths: readonly number[]): Probe => probeSizes(graph, plan, ranges, widths, board);
  const lows = ranges.map(({ low }) => low);
  const mids = ranges.map((range) => widthAt(range, 0.5));
  const highs = ranges.map((range) => widthAt(range, 1));
  const at = (i: number, values: readonly number[]) => lows.map((low, k) => (k === i ? values[k] : low));
  const base = probe(lows);
  const high = ranges.map((_, i) => probe(at(i, highs)));
  const mid = ranges.map((_, i) => probe(at(i, mids)));
  const pairs = dependentPairs(base, high).map(([i, j]) => {
    const both = lows.map((low, k) => (k === i || k === j ? highs[k] : low));
    return { i, j, probe: probe(both) };
  });
  const probes = [base, ...high, ...mid, ...pairs.map((pair) => pair.probe)];
  const fit = (read: (from: Probe) => number): Polynomial => {
    const origin = read(base);
    const terms: [number, number, number][] = [];
    ranges.forEach(({ low }, i) => {
      const [a, b] = [mids[i] - low, highs[i] - low];
      if (b === 0) return;
      const slope = (read(high[i]) - origin) / b;
      const bend = a === 0 ? 0 : ((read(mid[i]) - origin) / a - slope) / (a - b);
      const linear = slope - bend * b;
      if (linear !== 0) terms.push([i, -1, linear]);
      if (bend !== 0) terms.push([i, i, bend]);
    });
    for (const { i, j, probe: both } of pairs) {
      const rest = read(both) - read(high[i]) - read(high[j]) + origin;
      if (rest !== 0) terms.push([i, j, rest / ((highs[i] - lows[i]) * (highs[j] - lows[j]))]);
    }
    return { constant: origin, terms };
  };
  const functions = {
    lows,
    params: fit(({ params }) => params),
    macs: fit(({ macs }) => macs),
    flops: fit(({ flops }) => flops),
    codeBytes: base.romBytes - base.program.constants.reduce((sum, { bytes }) => sum + toWords(bytes), 0),
    constants: constantIds(probes).map((id) => fit((from) => constantBytes(from, id))),
    fixedRamBytes: base.ramBytes - base.program.arenaBytes,
    usedBytes: base.usedBytes.map((_, t) => fit(({ usedBytes }) => usedBytes[t])),
  };
  // Patches make no polynomials: their plans are told as if without, and trusted as far as that is near the truth.
  const truths = heldOut(ranges).map((widths) => probeSizes(graph, plan, ranges, widths, board, compileOptions(plan)));
  const errorsOf = (metric: SizeMetricName): number[] =>
    truths.map((truth) => Math.abs(sizeAt(functions, metric, truth.widths) / truth[metric] - 1));
  const trusted = SIZE_METRICS.filter((metric) => errorsOf(metric).every((error) => error <= TOLERANCE));
  const rms = (errors: readonly number[]): number =>
    Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / Math.max(1, errors.length));
  const errors = Object.fromEntries(SIZE_METRICS.map((metric) => [metric, rms(errorsOf(metric))]));
  return { trusted, errors: errors as SizeFunctions['errors'], ...functions };
}

/** One metric at these widths, in the order of the ranges that the functions were made from. */
export function sizeAt(
  functions: Omit<SizeFunctions, 'trusted' | 'errors'>,
  metric: SizeMetricName,
  widths: readonly number[],
): number {
  const value = (polynomial: Polynomial): number => valueAt(polynomial, functions.lows, widths);
  switch (metric) {
    case 'params':
    case 'macs':
    case 'flops':
      return value(functions[metric]);
    case 'romBytes':
      return functions.constants.reduce((sum, each) => sum + toWords(value(each)), functions.codeBytes);
    case 'ramBytes':
      return functions.fixedRamBytes + Math.max(...functions.usedBytes.map((each) => toWords(value(each))));
  }
}

/** Number of lowered programs that a fit takes at most. */
export function probesFor(layers: number): number {
  return 1 + 2 * layers + (layers * (layers - 1)) / 2 + HELD_OUT;
}

function probeSizes(
  graph: Graph,
  plan: CompressionPlan,
  ranges: readonly WidthRange[],
  widths: readonly number[],
  board: BoardSpec,
  options: LowerOptions = { patches: 'none' },
): Probe {
  const layers = Object.fromEntries(ranges.map(({ layer }, i) => [layer, { keep: widths[i] }]));
  const pruned = pruneStructured(graph, { granularity: 'structured', heuristic: 'l1', layers }).graph;
  const program = lower(deployedForm(pruned, plan.quantize), board, options);
  const { romBytes, ramBytes, macs, flops } = predictSizes(program, board);
  return {
    widths,
    params: countCost(deployable(pruned)).params,
    macs,
    flops,
    romBytes,
    ramBytes,
    usedBytes: usedBytes(program),
    program,
  };
}

/** Bytes of the arena that hold something at each moment: 0 = the inputs, t + 1 = step t. */
function usedBytes({ placed, steps }: Program): number[] {
  return Array.from({ length: steps.length + 1 }, (_, moment) => {
    const alive = placed
      .filter(({ lower: first, upper }) => first <= moment && moment < upper)
      .sort((a, b) => a.offset - b.offset);
    let end = 0;
    let used = 0;
    for (const { offset, bytes } of alive) {
      used += Math.max(0, offset + bytes - Math.max(end, offset));
      end = Math.max(end, offset + bytes);
    }
    return used;
  });
}

/** Some constants are only there for some weights: zero points that are not all the same. */
function constantIds(probes: readonly Probe[]): string[] {
  return [...new Set(probes.flatMap(({ program }) => program.constants.map(({ id }) => id)))];
}

function constantBytes({ program }: Probe, id: string): number {
  return program.constants.find((constant) => constant.id === id)?.bytes ?? 0;
}

/** Pairs of widths of which one constant depends on both. */
function dependentPairs(base: Probe, high: readonly Probe[]): (readonly [number, number])[] {
  const pairs = new Map<string, readonly [number, number]>();
  base.program.constants.forEach(({ id, bytes }) => {
    const movers = high.flatMap((probe, i) => (constantBytes(probe, id) === bytes ? [] : [i]));
    movers.forEach((i, position) => {
      for (const j of movers.slice(position + 1)) pairs.set(`${i},${j}`, [i, j]);
    });
  });
  return [...pairs.values()];
}

/** Widths spread over the ranges: layer i of set k lies at a share that no two sets have in common. */
function heldOut(ranges: readonly WidthRange[]): number[][] {
  return Array.from({ length: HELD_OUT }, (_, k) =>
    ranges.map((range, i) => widthAt(range, ((k + 1) * 0.618034 + i * 0.754878) % 1)),
  );
}

/** The possible width nearest to a share of the range. */
function widthAt({ low, high, step }: WidthRange, share: number): number {
  return low + step * Math.round(share * Math.floor((high - low) / step));
}

function valueAt({ constant, terms }: Polynomial, lows: readonly number[], widths: readonly number[]): number {
  let sum = constant;
  for (const [i, j, factor] of terms) sum += factor * (widths[i] - lows[i]) * (j < 0 ? 1 : widths[j] - lows[j]);
  return sum;
}

function toWords(bytes: number): number {
  return Math.ceil(Math.max(0, Math.round(bytes)) / 4) * 4;
}
