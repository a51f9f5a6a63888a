/** Trains a graph's weights on a data set: seeded, deterministic, resumable, cancellable between any two batches. */
import type { FinetunePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import { BatchFeeder } from './data/batch-feeder.ts';
import { checkModelFits, type Dataset } from './data/dataset.ts';
import type { EngineKind } from './engine.ts';
import type { FakeQuantMap } from './fake-quant.ts';
import type { LossKind } from './loss.ts';
import { createSchedule } from './schedule.ts';
import { createTeacher, TEMPERATURE } from './teacher.ts';
import { compileTraining, type TrainingProgram } from './training-program.ts';

export interface FinetuneProgress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  /** Mean over the epoch so far. */
  readonly loss: number;
  /** Share of this batch classified right; NaN when the loss does not compare classes. */
  readonly accuracy: number;
  readonly samplesPerSecond: number;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  /** Share of training samples classified right while they were trained on; NaN when the loss does not compare classes. */
  readonly accuracy: number;
  readonly learningRate: number;
}

/** What follows a training step by step and has to remember what it saw, for checkpoints. */
export interface Observer {
  save(): Float64Array;
  restore(saved: Float64Array): void;
}

/** Everything needed to go on from a step as if nothing had happened. */
export interface FinetuneCheckpoint {
  /** Steps done. */
  readonly step: number;
  readonly state: Float32Array;
  readonly history: readonly EpochRecord[];
  /** Loss and right answers summed over the unfinished epoch. */
  readonly lossSum: number;
  readonly right: number;
  /** What the observer saved; empty without one. */
  readonly observed: Float64Array;
}

export interface FinetuneOptions {
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FinetuneProgress) => void;
  /** Weights that stay zero (0) or train (1), by initializer name. */
  readonly mask?: ReadonlyMap<string, Uint8Array>;
  /** The uncompressed network; needed when the plan distills. */
  readonly teacher?: Graph;
  /** Quantization grids, by value or initializer name (quantization-aware training). */
  readonly fakeQuant?: FakeQuantMap;
  /** Default: crossEntropy. */
  readonly loss?: LossKind;
  /** BatchNormalization with the batch's statistics (default) or the stored ones. */
  readonly batchNorm?: 'train' | 'frozen';
  /** Initializers to leave as they are. */
  readonly frozen?: ReadonlySet<string>;
  readonly engine?: EngineKind;
  /** Go on from here; plan, data, seed and graph must be those of the interrupted run. */
  readonly resume?: FinetuneCheckpoint;
  readonly onCheckpoint?: (checkpoint: FinetuneCheckpoint) => void;
  /**
   * Called before step `step` (0-based) of `steps` with the program, whose weights and quantization grids it may read and move. The
   * training waits for what it promises, and ends with what it throws.
   */
  readonly beforeStep?: (program: TrainingProgram, step: number, steps: number) => Promise<void> | undefined;
  /** Steps between checkpoints; default one epoch. */
  readonly checkpointEvery?: number;
  /** A checkpoint also when the last one is this many seconds old. */
  readonly checkpointSeconds?: number;
  /** Saved into checkpoints, restored before the first resumed step. */
  readonly observer?: Observer;
}

export interface FinetuneResult {
  readonly graph: Graph;
  readonly history: readonly EpochRecord[];
  /** Samples seen by this call. */
  readonly samples: number;
  readonly seconds: number;
  readonly engine: EngineKind;
  /** Scales of the fake-quantized values after training (changed where they were learned). */
  readonly scales: ReadonlyMap<string, Float32Array>;
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

/** Samples per batch unless the plan says otherwise. */
export const DEFAULT_BATCH = 64;
const DEFAULT_MOMENTUM = 0.9;
/** The event loop gets a turn this often, so that aborts and heartbeats arrive. */
const YIELD_MS = 40;

function countRight({ output, classes }: TrainingProgram, labels: Int32Array): number {
  let right = 0;
  labels.forEach((label, i) => {
    const row = i * classes;
    let best = 0;
    for (let c = 1; c < classes; c++) if (output[row + c] > output[row + best]) best = c;
    if (classes === 1) best = output[row] > 0 ? 1 : 0;
    if (best === label) right++;
  });
  return right;
}

function compile(graph: Graph, plan: FinetunePlan, batch: number, options: FinetuneOptions): TrainingProgram {
  const { mask, fakeQuant, loss, batchNorm, frozen, engine } = options;
  const distill = plan.distill ?? 0;
  return compileTraining(graph, {
    batch,
    optimizer: plan.optimizer,
    labelSmoothing: plan.labelSmoothing ?? 0,
    ...(distill > 0 ? { distill: { weight: distill, temperature: TEMPERATURE } } : {}),
    ...(mask === undefined ? {} : { mask }),
    ...(fakeQuant === undefined ? {} : { fakeQuant }),
    ...(loss === undefined ? {} : { loss }),
    ...(batchNorm === undefined ? {} : { batchNorm }),
    ...(frozen === undefined ? {} : { frozen }),
    ...(engine === undefined ? {} : { engine }),
  });
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
  const { seed, resume, loss: lossKind = 'crossEntropy' } = options;
  checkModelFits(graph, dataset, lossKind);
  const batch = Math.min(plan.batchSize ?? DEFAULT_BATCH, dataset.train.count);
  const feeder = new BatchFeeder(dataset, { batch, seed, augment: plan.augment ?? [], loss: lossKind });
  const steps = Math.round(plan.epochs * feeder.perEpoch);
  const program = compile(graph, plan, batch, options);
  const teach = (plan.distill ?? 0) > 0 ? createTeacher(options.teacher, program, options.engine) : undefined;
  const schedule = createSchedule(plan, steps);
  const history: EpochRecord[] = [...(resume?.history ?? [])];
  for (const record of history) schedule.epochEnded(record.loss);
  if (resume !== undefined) {
    program.restore(resume.state);
    options.observer?.restore(resume.observed);
  }
  let lossSum = resume?.lossSum ?? 0;
  let right = resume?.right ?? 0;
  const first = resume?.step ?? 0;
  const { clipNorm, momentum = DEFAULT_MOMENTUM, weightDecay = 0 } = plan;
  const fixed = { momentum, weightDecay, ...(clipNorm === undefined ? {} : { clipNorm }) };
  const every = options.checkpointEvery ?? feeder.perEpoch;
  const everyMs = (options.checkpointSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const started = performance.now();
  let lastYield = started;
  let lastCheckpoint = started;
  for (let step = first; step < steps; step++) {
    options.signal?.throwIfAborted();
    await options.beforeStep?.(program, step, steps);
    const epoch = Math.floor(step / feeder.perEpoch);
    const done = (step % feeder.perEpoch) + 1;
    const labels = feeder.fill(step, program);
    teach?.();
    const loss = program.forward();
    if (!Number.isFinite(loss)) throw new DivergedError(step, loss);
    lossSum += loss;
    const rightNow = lossKind === 'mse' ? Number.NaN : countRight(program, labels);
    right += rightNow;
    program.backward();
    const learningRate = schedule.rate(step);
    program.update({ ...fixed, learningRate }, step + 1);
    const now = performance.now();
    const samplesPerSecond = ((step + 1 - first) * batch * 1000) / (now - started);
    const accuracy = rightNow / batch;
    options.onProgress?.({ step: step + 1, steps, epoch, loss: lossSum / done, accuracy, samplesPerSecond });
    if (done === feeder.perEpoch || step === steps - 1) {
      history.push({ epoch, loss: lossSum / done, accuracy: right / (done * batch), learningRate });
      schedule.epochEnded(lossSum / done);
      lossSum = 0;
      right = 0;
    }
    if (options.onCheckpoint !== undefined && ((step + 1) % every === 0 || now - lastCheckpoint > everyMs)) {
      const observed = options.observer?.save() ?? new Float64Array();
      const state = program.snapshot();
      options.onCheckpoint({ step: step + 1, state, history: [...history], lossSum, right, observed });
      lastCheckpoint = performance.now();
    }
    if (now - lastYield > YIELD_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      lastYield = performance.now();
    }
  }
  return {
    graph: program.toGraph(),
    history,
    samples: Math.max(0, steps - first) * batch,
    seconds: (performance.now() - started) / 1000,
    engine: program.engine.kind,
    scales: new Map([...program.scales].map(([name, values]) => [name, values.slice()])),
  };
}
