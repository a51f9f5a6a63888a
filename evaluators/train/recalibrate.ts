/** BatchNormalization statistics measured anew on training samples, with the weights left alone. */
import type { Graph } from '../ir/graph.ts';
import { tensor } from '../ir/tensor.ts';
import { BatchFeeder } from './data/batch-feeder.ts';
import { checkModelFits, type Dataset } from './data/dataset.ts';
import type { EngineKind } from './engine.ts';
import { compileTraining } from './training-program.ts';

export interface RecalibrateOptions {
  readonly seed: number;
  /** Default 1,024. */
  readonly samples?: number;
  readonly engine?: EngineKind;
}

const DEFAULT_SAMPLES = 1024;
const BATCH = 64;

/**
 * Returns the graph with mean and variance of every BatchNormalization averaged over batches of training samples (variance: that within the
 * batches plus that of their means). A graph without BatchNormalization is returned as it is.
 */
export function recalibrateBatchNorm(graph: Graph, dataset: Dataset, options: RecalibrateOptions): Graph {
  const layers = graph.nodes.filter((node) => node.op.kind === 'BatchNormalization');
  if (layers.length === 0) return graph;
  checkModelFits(graph, dataset);
  const batch = Math.min(BATCH, dataset.train.count);
  const feeder = new BatchFeeder(dataset, { batch, seed: options.seed, augment: [], loss: 'crossEntropy' });
  const program = compileTraining(graph, {
    batch,
    batchNormMomentum: 1,
    ...(options.engine === undefined ? {} : { engine: options.engine }),
  });
  const batches = Math.max(1, Math.round((options.samples ?? DEFAULT_SAMPLES) / batch));
  const sums = new Map(
    layers.map(({ inputs: [, , , mean, variance] }) => {
      const channels = graph.initializers.get(mean)?.data.length ?? 0;
      const zero = () => new Float64Array(channels);
      return [mean, { variance, mean: zero(), square: zero(), within: zero() }] as const;
    }),
  );
  for (let i = 0; i < batches; i++) {
    feeder.fill(i, program);
    program.forward();
    for (const [name, sum] of sums) {
      const means = program.statistics.get(name);
      const variances = program.statistics.get(sum.variance);
      sum.mean.forEach((_, c) => {
        const mean = means?.[c] ?? 0;
        sum.mean[c] += mean / batches;
        sum.square[c] += (mean * mean) / batches;
        sum.within[c] += (variances?.[c] ?? 0) / batches;
      });
    }
  }
  const initializers = new Map(graph.initializers);
  for (const [name, { variance, mean, square, within }] of sums) {
    const spread = within.map((v, c) => v + Math.max(0, square[c] - mean[c] * mean[c]));
    initializers.set(name, tensor('float32', [mean.length], Float32Array.from(mean)));
    initializers.set(variance, tensor('float32', [mean.length], Float32Array.from(spread)));
  }
  return { ...graph, initializers };
}
