/**
 * Element pruning: single weights become zero and stay zero in training (a mask of 0 and 1 per weight). Either a share of all
 * weights, ranked across layers, or a share per layer, or N:M: at most n non-zero among m consecutive weights of an output.
 *
 *   level   |w|                                l1   |w| / mean |w| of its layer
 *   l2      w² / Σ of w'² ≥ w² in its layer    (LAMP, Lee et al., ICLR 2021)
 *   gradient, attribution: (g · w)² summed over batches, |g · w| over samples        random: seeded
 */

import type { LayerPrune, PruneHeuristic, PrunePlan } from '../compression-plan.ts';
import { countCost, nodeMacs } from '../ir/cost.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../ir/tensor.ts';
import { createStream } from '../train/rng.ts';
import { CompressionError } from './compression-error.ts';
import { metricOf } from './group-widths.ts';
import { settingOf, unknownLayer } from './layer-names.ts';
import { type Achieved, askedValue, type PruneContext, type PruneResult } from './prune-structured.ts';
import { structureAxis } from './quantization/quantize-graph.ts';

export type Mask = ReadonlyMap<string, Uint8Array>;

export interface ElementContext extends PruneContext {
  /** g · w of every weight, for heuristics that look at data. */
  readonly elementImportance?: (
    graph: Graph,
    heuristic: 'gradient' | 'attribution',
  ) => ReadonlyMap<string, Float64Array>;
  /** 0..1 of the way to the plan's targets. */
  readonly progress?: number;
  /** Weights that are already zero for good. */
  readonly mask?: Mask;
}

export interface ElementResult extends PruneResult {
  readonly mask: Mask;
}

interface Layer {
  readonly node: Node;
  readonly name: string;
  readonly weight: Tensor<'float32'>;
  readonly scores: Float64Array;
  /** Multiply-accumulates per weight. */
  readonly macs: number;
}

const WEIGHT_INPUTS: Partial<Record<Node['op']['kind'], readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [1],
  MatMul: [1],
  LSTM: [1, 2],
  GRU: [1, 2],
  RNN: [1, 2],
};

function layersOf(graph: Graph, plan: PrunePlan, context: ElementContext): Layer[] {
  const seen = new Set<string>();
  const data = dataScores(graph, plan.heuristic, context);
  return graph.nodes.flatMap((node) =>
    (WEIGHT_INPUTS[node.op.kind] ?? []).flatMap((index) => {
      const name = node.inputs[index];
      const weight = graph.initializers.get(name);
      if (weight === undefined || weight.dtype !== 'float32' || seen.has(name)) return [];
      seen.add(name);
      const float = weight as Tensor<'float32'>;
      const scores = data?.get(name) ?? magnitudeScores(float.data, plan.heuristic, context.seed ?? 0, name);
      const kept = context.mask?.get(name);
      if (kept !== undefined)
        for (let i = 0; i < kept.length; i++) if (kept[i] === 0) scores[i] = Number.NEGATIVE_INFINITY;
      return [{ node, name, weight: float, scores, macs: nodeMacs(graph, node) / Math.max(1, weight.data.length) }];
    }),
  );
}

function dataScores(
  graph: Graph,
  heuristic: PruneHeuristic,
  context: ElementContext,
): ReadonlyMap<string, Float64Array> | null {
  if (heuristic === 'apoz') {
    throw new CompressionError('BAD_PLAN', 'apoz looks at whole channels: use it with granularity "structured"');
  }
  if (heuristic !== 'gradient' && heuristic !== 'attribution') return null;
  if (context.elementImportance === undefined) {
    throw new CompressionError('BAD_PLAN', `the ${heuristic} heuristic needs a data set`);
  }
  return context.elementImportance(graph, heuristic);
}

function magnitudeScores(weights: Float32Array, heuristic: PruneHeuristic, seed: number, name: string): Float64Array {
  const magnitude = Float64Array.from(weights, Math.abs);
  switch (heuristic) {
    case 'l1': {
      const mean = magnitude.reduce((a, b) => a + b, 0) / magnitude.length;
      return mean > 0 ? magnitude.map((value) => value / mean) : magnitude;
    }
    case 'l2':
      return lamp(magnitude);
    case 'random': {
      const stream = createStream(seed, `element/${name}`);
      return magnitude.map(() => stream.nextFloat());
    }
    default:
      return magnitude;
  }
}

function lamp(magnitude: Float64Array): Float64Array {
  const order = Uint32Array.from(magnitude, (_, i) => i).sort((a, b) => magnitude[b] - magnitude[a]);
  const scores = new Float64Array(magnitude.length);
  let sum = 0;
  for (const i of order) {
    sum += magnitude[i] ** 2;
    scores[i] = sum > 0 ? magnitude[i] ** 2 / sum : 0;
  }
  return scores;
}

/** Throws CompressionError when a layer does not exist, or a target cannot be met. */
export function pruneElements(graph: Graph, plan: PrunePlan, context: ElementContext = {}): ElementResult {
  const layers = layersOf(graph, plan, context);
  const progress = context.progress ?? 1;
  const masks = new Map(layers.map(({ name, weight }) => [name, new Uint8Array(weight.data.length).fill(1)]));
  const asked = plan.layers ?? {};
  checkNames(layers, Object.keys(asked));
  if (plan.granularity === 'nm') pruneNm(layers, masks, plan, progress);
  for (const layer of layers) {
    const own = askedOf(asked, layer);
    if (own !== undefined) zeroSmallest([layer], masks, removedCount(layer, own, progress));
  }
  let target: Achieved['target'];
  if (plan.target !== undefined && plan.granularity !== 'nm') {
    const free = layers.filter((layer) => askedOf(asked, layer) === undefined);
    target = meetTarget(graph, free, masks, plan, context);
  }
  return finish(graph, layers, masks, target);
}

/** A share holds for the parts of a changed layer, too; a number of weights is that layer's own. */
function askedOf(asked: Readonly<Record<string, LayerPrune>>, { node }: Layer): LayerPrune | undefined {
  const inherited = settingOf(asked, node.name);
  return asked[node.name] ?? (typeof inherited === 'number' ? inherited : undefined);
}

function checkNames(layers: readonly Layer[], names: readonly string[]): void {
  for (const name of names) {
    if (layers.some((layer) => layer.node.name === name)) continue;
    throw unknownLayer(
      'prune.layers',
      name,
      layers.map((layer) => layer.node.name),
      'layers with weights',
    );
  }
}

function removedCount(layer: Layer, asked: LayerPrune, progress: number): number {
  const total = layer.weight.data.length;
  const final = typeof asked === 'number' ? Math.round(total * asked) : total - asked.keep;
  if (!(final >= 0 && final < total)) {
    throw new CompressionError(
      'CANNOT_PRUNE',
      `layer "${layer.node.name}" has ${total} weights and cannot lose ${final}`,
    );
  }
  return Math.round(final * progress);
}

/** Zeroes the `count` least important weights of some layers, ranked together. */
function zeroSmallest(layers: readonly Layer[], masks: Map<string, Uint8Array>, count: number): void {
  const total = layers.reduce((sum, layer) => sum + layer.scores.length, 0);
  const all = new Float64Array(total);
  let at = 0;
  for (const layer of layers) {
    all.set(layer.scores, at);
    at += layer.scores.length;
  }
  all.sort();
  const threshold = count > 0 ? all[count - 1] : Number.NaN;
  // Equal scores at the threshold: in order, as many as asked.
  let ties = 0;
  for (let i = count - 1; i >= 0 && all[i] === threshold; i--) ties++;
  for (const layer of layers) {
    const mask = masks.get(layer.name);
    if (mask === undefined) continue;
    layer.scores.forEach((score, i) => {
      if (count === 0) mask[i] = 1;
      else if (score < threshold) mask[i] = 0;
      else if (score === threshold && ties-- > 0) mask[i] = 0;
      else mask[i] = 1;
    });
  }
}

/** Zeroes as many weights of `layers` as brings the metric to the asked value. */
function meetTarget(
  graph: Graph,
  layers: readonly Layer[],
  masks: Map<string, Uint8Array>,
  plan: PrunePlan,
  context: ElementContext,
): Achieved['target'] {
  const { target } = plan;
  if (target === undefined) return undefined;
  const { metric } = target;
  const measures = context.measures ?? {};
  const base = metricOf(graph, metric, measures);
  const asked = context.asked ?? askedValue(target, base);
  const zeros = (weigh: (layer: Layer) => number): number =>
    layers.reduce((sum, layer) => sum + weigh(layer) * countZeros(masks.get(layer.name)), 0);
  const current = (): number => {
    if (metric === 'params') return base - zeros(() => 1);
    if (metric === 'macs') return base - zeros((layer) => layer.macs);
    return metricOf(applyMask(graph, masks), metric, measures);
  };
  let [low, high] = [0, layers.reduce((sum, layer) => sum + layer.scores.length, 0)];
  zeroSmallest(layers, masks, high);
  if (current() > asked) {
    throw new CompressionError(
      'TARGET_UNREACHABLE',
      `${metric} cannot fall to ${Math.round(asked)} by zeroing weights: with none left it is still ${Math.round(current())}`,
    );
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    zeroSmallest(layers, masks, middle);
    if (current() <= asked) high = middle;
    else low = middle + 1;
  }
  zeroSmallest(layers, masks, high);
  if (metric === 'macs') refill(layers, masks, asked - current());
  return { metric, asked, achieved: current() };
}

/** Gives back the most important zeroed weights whose multiply-accumulates fit into what the last, coarse weight left unused. */
function refill(layers: readonly Layer[], masks: Map<string, Uint8Array>, room: number): void {
  let left = room;
  for (const layer of layers.toSorted((a, b) => b.macs - a.macs)) {
    const mask = masks.get(layer.name);
    if (mask === undefined || layer.macs > left) continue;
    const zeroed = [...mask.keys()].filter((i) => mask[i] === 0 && layer.scores[i] > Number.NEGATIVE_INFINITY);
    const count = Math.min(zeroed.length, Math.floor(left / layer.macs));
    for (const i of zeroed.sort((a, b) => layer.scores[b] - layer.scores[a]).slice(0, count)) mask[i] = 1;
    left -= count * layer.macs;
  }
}

function countZeros(mask: Uint8Array | undefined): number {
  let count = 0;
  for (const kept of mask ?? []) if (kept === 0) count++;
  return count;
}

/** Weights of one output are consecutive in `index` order along everything but the structure axis. */
function pruneNm(layers: readonly Layer[], masks: Map<string, Uint8Array>, plan: PrunePlan, progress: number): void {
  const { n, m } = plan;
  if (n === undefined || m === undefined || !(n >= 1 && n < m)) {
    throw new CompressionError('BAD_PLAN', 'granularity "nm" needs n and m with 1 <= n < m');
  }
  const keep = Math.max(n, Math.round(m - (m - n) * progress));
  for (const layer of layers) {
    const mask = masks.get(layer.name);
    const { shape } = layer.weight;
    const axis = structureAxis(layer.node, layer.weight) ?? 0;
    const stride = elementCount(shape.slice(axis + 1));
    const last = axis === shape.length - 1;
    const depth = elementCount(shape) / shape[axis];
    if (mask === undefined) continue;
    for (let output = 0; output < shape[axis]; output++) {
      const at = (k: number): number => (last ? k * shape[axis] + output : output * stride + k);
      for (let first = 0; first < depth; first += m) {
        const group = Array.from({ length: Math.min(m, depth - first) }, (_, i) => at(first + i));
        const ranked = group.toSorted((a, b) => layer.scores[b] - layer.scores[a] || a - b);
        for (const index of ranked.slice(keep)) mask[index] = 0;
      }
    }
  }
}

/** The graph with masked weights set to zero. */
export function applyMask(graph: Graph, masks: Mask): Graph {
  const initializers = new Map(graph.initializers);
  for (const [name, mask] of masks) {
    const old = initializers.get(name);
    if (old === undefined) continue;
    initializers.set(
      name,
      tensor(
        'float32',
        old.shape,
        Float32Array.from(mask, (keep, i) => (keep === 0 ? 0 : Number(old.data[i]))),
      ),
    );
  }
  return { ...graph, initializers };
}

function finish(
  graph: Graph,
  layers: readonly Layer[],
  masks: ReadonlyMap<string, Uint8Array>,
  target: Achieved['target'],
): ElementResult {
  const cost = countCost(graph);
  let [zeros, macs, weights] = [0, 0, 0];
  const report = layers.map((layer) => {
    const gone = countZeros(masks.get(layer.name));
    zeros += gone;
    macs += gone * layer.macs;
    weights += layer.weight.data.length;
    return { name: layer.node.name, before: layer.weight.data.length, after: layer.weight.data.length - gone };
  });
  return {
    graph: applyMask(graph, masks),
    mask: masks,
    achieved: {
      params: { before: cost.params, after: cost.params - zeros },
      macs: { before: cost.macs, after: Math.round(cost.macs - macs) },
      layers: report,
      sparsity: weights > 0 ? zeros / weights : 0,
      ...(target === undefined ? {} : { target }),
    },
  };
}
