/** Trains a graph's weights on a data set: seeded, deterministic, cancellable between any two batches. */
import type { FinetunePlan } from '../compress/plan.ts';
import type { Graph } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { checkModelFits, type Dataset, writeSample } from './data/dataset.ts';
import { createStream, permutation } from './rng.ts';
import { createSchedule } from './schedule.ts';
import { compileTraining } from './training-program.ts';

export interface FinetuneProgress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  /** Mean over the last batches. */
  readonly loss: number;
  readonly samplesPerSecond: number;
}

export interface FinetuneOptions {
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FinetuneProgress) => void;
  /** Weights that stay zero (0) or train (1), by initializer name. */
  readonly mask?: ReadonlyMap<string, Uint8Array>;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  /** Share of training samples classified right while they were trained on. */
  readonly accuracy: number;
  readonly learningRate: number;
}

export interface FinetuneResult {
  readonly graph: Graph;
  readonly history: readonly EpochRecord[];
  readonly samples: number;
  readonly seconds: number;
  readonly engine: 'wasm' | 'native';
}

/** The loss stopped being a finite number. */
export class DivergedError extends Error {
  readonly code = 'DIVERGED';
  readonly step: number;

  constructor(step: number, loss: number) {
    super(`training diverged: the loss is ${loss} at step ${step}`);
    this.name = 'DivergedError';
    this.step = step;
  }
}

const DEFAULT_BATCH = 64;
const DEFAULT_MOMENTUM = 0.9;
/** The event loop gets a turn this often, so that aborts and heartbeats arrive. */
const YIELD_MS = 40;

function countRight(output: Float32Array, labels: readonly number[], classes: number): number {
  let right = 0;
  labels.forEach((label, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (output[i * classes + c] > output[i * classes + best]) best = c;
    if (best === label) right++;
  });
  return right;
}

/**
 * Returns a new graph with trained weights and running statistics. Throws DatasetError, UnsupportedTrainingError, DivergedError, or the
 * signal's reason when aborted.
 */
export async function finetune(
  graph: Graph,
  dataset: Dataset,
  plan: FinetunePlan,
  options: FinetuneOptions,
): Promise<FinetuneResult> {
  checkModelFits(graph, dataset);
  const { train } = dataset;
  const batch = Math.min(plan.batchSize ?? DEFAULT_BATCH, train.count);
  const perEpoch = Math.max(1, Math.floor(train.count / batch));
  const steps = Math.round(plan.epochs * perEpoch);
  const program = compileTraining(graph, {
    batch,
    nesterov: plan.optimizer === 'nesterov',
    labelSmoothing: plan.labelSmoothing ?? 0,
    ...(options.mask === undefined ? {} : { mask: options.mask }),
  });
  const schedule = createSchedule(plan, steps);
  const width = elementCount(dataset.inputShape);
  const history: EpochRecord[] = [];
  const started = performance.now();
  let lastYield = started;
  let order: Int32Array = new Int32Array(0);
  let sum = 0;
  let right = 0;
  for (let step = 0; step < steps; step++) {
    options.signal?.throwIfAborted();
    const epoch = Math.floor(step / perEpoch);
    const within = step % perEpoch;
    if (within === 0) order = permutation(train.count, createStream(options.seed, `order/${epoch}`));
    const labels: number[] = [];
    program.target.fill(0);
    for (let i = 0; i < batch; i++) {
      const index = order[within * batch + i];
      writeSample(dataset, train, index, program.input, i * width);
      program.target[i * program.classes + train.labels[index]] = 1;
      labels.push(train.labels[index]);
    }
    const loss = program.forward();
    if (!Number.isFinite(loss)) throw new DivergedError(step, loss);
    sum += loss;
    right += countRight(program.output, labels, program.classes);
    program.backward();
    const learningRate = schedule.rate(step);
    program.update({ learningRate, momentum: plan.momentum ?? DEFAULT_MOMENTUM, weightDecay: plan.weightDecay ?? 0 });
    const done = within + 1;
    const now = performance.now();
    if (done === perEpoch || step === steps - 1) {
      history.push({ epoch, loss: sum / done, accuracy: right / (done * batch), learningRate });
      schedule.epochEnded(sum / done);
    }
    options.onProgress?.({
      step: step + 1,
      steps,
      epoch,
      loss: sum / done,
      samplesPerSecond: ((step + 1) * batch * 1000) / (now - started),
    });
    if (done === perEpoch) {
      sum = 0;
      right = 0;
    }
    if (now - lastYield > YIELD_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      lastYield = performance.now();
    }
  }
  const seconds = (performance.now() - started) / 1000;
  return { graph: program.toGraph(), history, samples: steps * batch, seconds, engine: program.engine.kind };
}
