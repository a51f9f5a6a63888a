/**
 * How much each removable class of units matters: the smallest are removed first. Weight heuristics look at the weights that
 * make the unit (`output` members), summed over all layers of its group:
 *
 *   l1: Σ |w|      l2: sqrt(Σ w²)      random: a seeded permutation      level: like l1, for single elements (paper, Sec. 3.1)
 *
 * gradient, apoz and attribution need data; their per-class scores come from the caller.
 */

import type { PruneHeuristic } from '../compression-plan.ts';
import { createStream } from '../train/rng.ts';
import type { DependencyAnalysis } from './dependencies/dependency-groups.ts';

export type DataHeuristic = 'gradient' | 'apoz' | 'attribution';

export function needsData(heuristic: PruneHeuristic): heuristic is DataHeuristic {
  return heuristic === 'gradient' || heuristic === 'apoz' || heuristic === 'attribution';
}

/** Sum over all positions of the `output` members of f(weight), by class. */
export function sumOverWeights(
  analysis: DependencyAnalysis,
  f: (weight: number, tensor: string, index: number) => number,
): Float64Array {
  const scores = new Float64Array(analysis.classCount);
  for (const member of analysis.members) {
    if (member.role !== 'output') continue;
    const tensor = analysis.graph.initializers.get(member.tensor);
    if (tensor === undefined) continue;
    const inner = tensor.shape.slice(member.axis + 1).reduce((a, b) => a * b, 1);
    const size = tensor.shape[member.axis];
    for (let i = 0; i < tensor.data.length; i++) {
      const unit = member.units[Math.floor(i / inner) % size];
      scores[analysis.classOf[unit]] += f(Number(tensor.data[i]), member.tensor, i);
    }
  }
  return scores;
}

/** Importance by class; comparable within a group. */
export function weightImportance(
  analysis: DependencyAnalysis,
  heuristic: Exclude<PruneHeuristic, DataHeuristic>,
  seed: number,
): Float64Array {
  switch (heuristic) {
    case 'l1':
    case 'level':
      return sumOverWeights(analysis, Math.abs);
    case 'l2':
      return sumOverWeights(analysis, (w) => w * w).map(Math.sqrt);
    case 'random': {
      const random = createStream(seed, 'importance');
      return new Float64Array(analysis.classCount).map(() => random.nextFloat());
    }
  }
}

/** Scores divided by their group's mean, so that groups can be compared with each other. */
export function normalizeByGroup(analysis: DependencyAnalysis, scores: Float64Array): Float64Array {
  const result = Float64Array.from(scores);
  for (const group of analysis.groups) {
    let sum = 0;
    for (const index of group.classes) sum += scores[index];
    const mean = sum / group.classes.length;
    if (mean > 0) for (const index of group.classes) result[index] = scores[index] / mean;
  }
  return result;
}
