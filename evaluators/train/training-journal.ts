/**
 * Makes the trainings of one trial survive the end of its process. A trial is a fixed sequence of steps of which only training takes long, so a
 * trial that starts again repeats everything else, and each training, counted in its order, is recalled (it was finished), gone on with from
 * its last checkpoint, or begun. Checkpoints hold the weights, the optimizer's state, the step and what observers saw; random numbers
 * depend on seed and step alone. The result is bit by bit that of a trial that was never interrupted.
 */
import path from 'node:path';
import type { FinetunePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import type { CheckpointContent } from './checkpoint-file.ts';
import { CheckpointSlot, type Identified } from './checkpoint-slot.ts';
import type { Dataset } from './data/dataset.ts';
import type { EngineKind } from './engine.ts';
import {
  DEFAULT_BATCH,
  type EpochRecord,
  type FinetuneCheckpoint,
  type FinetuneOptions,
  type FinetuneResult,
  finetune,
} from './finetune.ts';
import { changedWeights, withWeights } from './trained-weights.ts';
import { trainingIdentity } from './training-identity.ts';

export interface JournalOptions {
  /** Seconds between checkpoints; default 10. */
  readonly everySeconds?: number;
  /** A checkpoint could not be used or written; training goes on without it. */
  readonly onWarning?: (message: string) => void;
}

/** Rewriting ten megabytes this often is no load. */
export const CHECKPOINT_SECONDS = 10;

interface Head extends Identified {
  readonly history: readonly EpochRecord[];
  readonly samples: number;
  readonly seconds: number;
  /** Of a training that goes on. */
  readonly running?: { readonly step: number };
  /** Of a finished one. */
  readonly engine?: EngineKind;
}

const STATE = 'state';
const OBSERVED = 'observed';
const PROGRESS = 'progress';
const WEIGHT = 'weight ';
const SCALE = 'scale ';

export class TrainingJournal {
  readonly #folder: string;
  readonly #everySeconds: number;
  readonly #warn: (message: string) => void;
  #trainings = 0;
  #finished: (() => void)[] = [];
  #lastWrite = performance.now();

  constructor(folder: string, options: JournalOptions = {}) {
    this.#folder = folder;
    this.#everySeconds = options.everySeconds ?? CHECKPOINT_SECONDS;
    this.#warn = options.onWarning ?? (() => {});
  }

  /** `finetune`, remembered. */
  readonly finetune: typeof finetune = async (graph, dataset, plan, options) => {
    const file = path.join(this.#folder, `training-${this.#trainings++}`);
    const slot = new CheckpointSlot<Head>(file, trainingIdentity(graph, dataset, plan, options), this.#warn);
    const saved = slot.read();
    if (saved !== undefined && saved.head.running === undefined) return recall(graph, saved, options);
    const result = await this.#goOn(slot, saved, graph, dataset, plan, options);
    const { history, samples, seconds, engine } = result;
    const content = finished(graph, result, options);
    this.#finished.push(() => slot.write({ history, samples, seconds, engine }, content));
    if (performance.now() - this.#lastWrite > this.#everySeconds * 1000) this.#writeFinished();
    return result;
  };

  /** Trainings that end quickly are written together: trials of a second leave no file at all. */
  #writeFinished(): void {
    for (const write of this.#finished.splice(0)) write();
    this.#lastWrite = performance.now();
  }

  async #goOn(
    slot: CheckpointSlot<Head>,
    saved: CheckpointContent<Head> | undefined,
    graph: Graph,
    dataset: Dataset,
    plan: FinetunePlan,
    options: FinetuneOptions,
  ): Promise<FinetuneResult> {
    const before = { samples: saved?.head.samples ?? 0, seconds: saved?.head.seconds ?? 0 };
    const started = performance.now();
    const samplesPerStep = Math.min(plan.batchSize ?? DEFAULT_BATCH, dataset.train.count);
    const result = await finetune(graph, dataset, plan, {
      checkpointEvery: Number.POSITIVE_INFINITY,
      checkpointSeconds: this.#everySeconds,
      ...options,
      ...(saved === undefined ? {} : { resume: checkpointOf(saved) }),
      onCheckpoint: (checkpoint) => {
        options.onCheckpoint?.(checkpoint);
        const { step, state, history, lossSum, right, observed } = checkpoint;
        const seconds = before.seconds + (performance.now() - started) / 1000;
        this.#writeFinished();
        slot.write(
          { history, samples: step * samplesPerStep, seconds, running: { step } },
          {
            floats: new Map([[STATE, state]]),
            doubles: new Map([
              [OBSERVED, observed],
              [PROGRESS, Float64Array.of(lossSum, right)],
            ]),
          },
        );
      },
    });
    return { ...result, samples: before.samples + result.samples, seconds: before.seconds + result.seconds };
  }
}

/** JSON has no NaN: an accuracy that was not measured comes back as null. */
function historyOf({ history }: Head): EpochRecord[] {
  return history.map((record) => {
    const numbers = Object.entries(record).map(([key, value]) => [key, value ?? Number.NaN]);
    return Object.fromEntries(numbers) as EpochRecord;
  });
}

function checkpointOf({ head, floats, doubles }: CheckpointContent<Head>): FinetuneCheckpoint {
  const [lossSum = 0, right = 0] = doubles.get(PROGRESS) ?? [];
  return {
    step: head.running?.step ?? 0,
    state: floats.get(STATE) ?? new Float32Array(),
    history: historyOf(head),
    lossSum,
    right,
    observed: doubles.get(OBSERVED) ?? new Float64Array(),
  };
}

/** What a finished training made. */
function finished(
  graph: Graph,
  { graph: trained, scales }: FinetuneResult,
  { observer }: FinetuneOptions,
): Omit<CheckpointContent<Head>, 'head'> {
  const prefixed = (prefix: string, values: ReadonlyMap<string, Float32Array>) =>
    [...values].map(([name, data]) => [prefix + name, data] as const);
  const floats = new Map([...prefixed(WEIGHT, changedWeights(graph, trained)), ...prefixed(SCALE, scales)]);
  return { floats, doubles: new Map([[OBSERVED, observer?.save() ?? new Float64Array()]]) };
}

function recall(
  graph: Graph,
  { head, floats, doubles }: CheckpointContent<Head>,
  { observer }: FinetuneOptions,
): FinetuneResult {
  observer?.restore(doubles.get(OBSERVED) ?? new Float64Array());
  const named = (prefix: string) =>
    [...floats].flatMap(([key, data]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), data] as const] : []));
  const { samples, seconds, engine = 'wasm' } = head;
  const trained = withWeights(graph, named(WEIGHT));
  return { graph: trained, history: historyOf(head), samples, seconds, engine, scales: new Map(named(SCALE)) };
}
