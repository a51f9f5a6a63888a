/** g · w of every single weight over training samples: (g · w)² summed over batches, or |g · w| of the true class's output. */
import type { Graph } from '../ir/graph.ts';
import type { Dataset } from '../train/data/dataset.ts';
import { visitGradients } from './gradient-pass.ts';

const SAMPLES = { gradient: 512, attribution: 128 } as const;

export function elementImportance(
  graph: Graph,
  heuristic: 'gradient' | 'attribution',
  dataset: Dataset,
  signal?: AbortSignal,
): Map<string, Float64Array> {
  const scores = new Map<string, Float64Array>();
  const squared = heuristic === 'gradient';
  const request = {
    of: squared ? 'loss' : 'answer',
    samples: SAMPLES[heuristic],
    ...(signal === undefined ? {} : { signal }),
  } as const;
  visitGradients(graph, dataset, request, (weights, gradients) => {
    for (const [name, w] of weights) {
      const g = gradients.get(name);
      if (g === undefined) continue;
      const sum = scores.get(name) ?? new Float64Array(w.length);
      scores.set(name, sum);
      for (let i = 0; i < w.length; i++) {
        const product = w[i] * g[i];
        sum[i] += squared ? product * product : Math.abs(product);
      }
    }
  });
  return scores;
}
