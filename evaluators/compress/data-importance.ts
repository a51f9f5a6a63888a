/**
 * Importance of removable classes from training samples:
 *
 *   gradient     first-order Taylor expansion of the loss: Σ over batches of (Σ g · w over the unit's weights)²  (Molchanov et al., 2019)
 *   attribution  relevance to the right answer: mean over samples of |Σ g · w| with g the gradient of the true class's output
 *   apoz         share of the unit's activations that are not zero  (1 - average percentage of zeros; Hu et al., 2016)
 */
import type { Dataset } from '../train/data/dataset.ts';
import type { DependencyAnalysis } from './dependencies/dependency-groups.ts';
import { visitGradients } from './gradient-pass.ts';
import { type DataHeuristic, normalizeByGroup, sumOverWeights } from './importance.ts';
import { visitValues } from './quantization/float-inference.ts';
import { calibrationSamples } from './quantize-network.ts';

const GRADIENT_SAMPLES = 512;
const ATTRIBUTION_SAMPLES = 128;
const ACTIVATION_SAMPLES = 256;

export function dataImportance(
  analysis: DependencyAnalysis,
  heuristic: DataHeuristic,
  dataset: Dataset,
  signal?: AbortSignal,
): Float64Array {
  const abort = signal === undefined ? {} : { signal };
  switch (heuristic) {
    case 'gradient':
      return saliency(analysis, dataset, { of: 'loss', samples: GRADIENT_SAMPLES, ...abort }, (sum) => sum * sum);
    case 'attribution':
      return saliency(analysis, dataset, { of: 'answer', samples: ATTRIBUTION_SAMPLES, ...abort }, Math.abs);
    case 'apoz':
      return activity(analysis, dataset);
  }
}

/** Σ over passes of f(Σ g · w over the weights and biases that make the class). */
function saliency(
  analysis: DependencyAnalysis,
  dataset: Dataset,
  request: Parameters<typeof visitGradients>[2],
  f: (sum: number) => number,
): Float64Array {
  const scores = new Float64Array(analysis.classCount);
  const sums = new Float64Array(analysis.classCount);
  const own = analysis.members.filter((member) => member.role !== 'input');
  const positions = own.map((member) => {
    const shape = analysis.graph.initializers.get(member.tensor)?.shape ?? [];
    const inner = shape.slice(member.axis + 1).reduce((a, b) => a * b, 1);
    return { member, inner, size: shape[member.axis] ?? 1 };
  });
  visitGradients(analysis.graph, dataset, request, (weights, gradients) => {
    sums.fill(0);
    for (const { member, inner, size } of positions) {
      const [w, g] = [weights.get(member.tensor), gradients.get(member.tensor)];
      if (w === undefined || g === undefined) continue;
      for (let i = 0; i < w.length; i++) {
        sums[analysis.classOf[member.units[Math.floor(i / inner) % size]]] += w[i] * g[i];
      }
    }
    for (let index = 0; index < scores.length; index++) scores[index] += f(sums[index]);
  });
  return scores;
}

/** Values after an activation whose zeros mean "off". */
function rectified(analysis: DependencyAnalysis): string[] {
  return analysis.graph.nodes
    .filter(
      ({ op }) =>
        (op.kind === 'Unary' && op.fn === 'Relu') || op.kind === 'Clip' || ('clamp' in op && op.clamp?.min === 0),
    )
    .map((node) => node.outputs[0]);
}

function activity(analysis: DependencyAnalysis, dataset: Dataset): Float64Array {
  const names = rectified(analysis);
  const active = new Float64Array(analysis.classCount);
  const seen = new Float64Array(analysis.classCount);
  const samples = calibrationSamples(dataset, { format: 'float32', calibrationSamples: ACTIVATION_SAMPLES });
  visitValues(analysis.graph, samples, names, (values) => {
    for (const [name, data] of values) {
      const shape = analysis.graph.values.get(name)?.shape ?? [];
      const axis = (analysis.values.get(name) ?? []).findIndex((units) => units !== null);
      const units = analysis.values.get(name)?.[axis];
      if (units === undefined || units === null) continue;
      const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      for (let i = 0; i < data.length; i++) {
        const index = analysis.classOf[units[Math.floor(i / inner) % units.length]];
        seen[index]++;
        if (data[i] > 0) active[index]++;
      }
    }
  });
  // Units without such an activation are always on; among equals the smaller weights go first.
  const magnitude = normalizeByGroup(analysis, sumOverWeights(analysis, Math.abs));
  return active.map((count, index) => (seen[index] === 0 ? 1 : count / seen[index]) + 1e-6 * magnitude[index]);
}
