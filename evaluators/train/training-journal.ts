/**
 * Makes the trainings of one trial survive the end of its process. A trial is a fixed sequence of steps of which only training takes long, so a
 * trial that starts again repeats everything else, and each training, counted in its order, is recalled (it was finished), gone on with from
 * its last checkpoint, or begun. Checkpoints hold the weights, the optimizer's state, the step and what observers saw; random numbers
 * depend on seed and step alone. The result is bit by bit that of a trial that was never interrupted.
 */
import path from 'node:path';
import type { FinetunePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import { tensor } from '../ir/tensor.ts';
import { type CheckpointContent, readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';
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
import { trainingIdentity } from './training-identity.ts';

export interface JournalOptions {
  /** Seconds between checkpoints; default 10. */
  readonly everySeconds?: number;
  /** A checkpoint could not be used or written; training goes on without it. */
  readonly onWarning?: (message: string) => void;
}

/** Rewriting ten megabytes this often is no load. */
const EVERY_SECONDS = 10;

interface Head {
  readonly identity: string;
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

  constructor(folder: string, options: JournalOptions = {}) {
    this.#folder = folder;
    this.#everySeconds = options.everySeconds ?? EVERY_SECONDS;
    this.#warn = options.onWarning ?? (() => {});
  }

  /** `finetune`, remembered. */
  readonly finetune: typeof finetune = async (graph, dataset, plan, options) => {
    const file = path.join(this.#folder, `training-${this.#trainings++}`);
    const identity = trainingIdentity(graph, dataset, plan, options);
    const saved = this.#read(file, identity);
    if (saved !== undefined && saved.head.running === undefined) return recall(graph, saved, options);
    const result = await this.#goOn(file, identity, saved, graph, dataset, plan, options);
    this.#write(file, finished(identity, graph, result, options));
    return result;
  };

  async #goOn(
    file: string,
    identity: string,
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
        this.#write(file, {
          head: { identity, history, samples: step * samplesPerStep, seconds, running: { step } },
          floats: new Map([[STATE, state]]),
          doubles: new Map([
            [OBSERVED, observed],
            [PROGRESS, Float64Array.of(lossSum, right)],
          ]),
        });
      },
    });
    return { ...result, samples: before.samples + result.samples, seconds: before.seconds + result.seconds };
  }

  #read(file: string, identity: string): CheckpointContent<Head> | undefined {
    let saved: CheckpointContent<Head> | undefined;
    try {
      saved = readCheckpoint<Head>(file);
    } catch (error) {
      this.#warn(`a checkpoint cannot be used, the training starts again: ${messageOf(error)}`);
      return undefined;
    }
    if (saved === undefined || saved.head.identity === identity) return saved;
    this.#warn(`a checkpoint of another training is left aside, the training starts again: ${file}`);
    return undefined;
  }

  #write(file: string, content: CheckpointContent<Head>): void {
    try {
      writeCheckpoint(file, content);
    } catch (error) {
      this.#warn(`a checkpoint could not be written: ${messageOf(error)}`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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

/** What a finished training changed. */
function finished(
  identity: string,
  graph: Graph,
  { graph: trained, history, samples, seconds, engine, scales }: FinetuneResult,
  { observer }: FinetuneOptions,
): CheckpointContent<Head> {
  const floats = new Map<string, Float32Array>();
  for (const [name, { data }] of trained.initializers) {
    if (data instanceof Float32Array && data !== graph.initializers.get(name)?.data) floats.set(WEIGHT + name, data);
  }
  for (const [name, values] of scales) floats.set(SCALE + name, values);
  const doubles = new Map([[OBSERVED, observer?.save() ?? new Float64Array()]]);
  return { head: { identity, history, samples, seconds, engine }, floats, doubles };
}

function recall(
  graph: Graph,
  { head, floats, doubles }: CheckpointContent<Head>,
  { observer }: FinetuneOptions,
): FinetuneResult {
  observer?.restore(doubles.get(OBSERVED) ?? new Float64Array());
  const initializers = new Map(graph.initializers);
  const scales = new Map<string, Float32Array>();
  for (const [key, data] of floats) {
    if (key.startsWith(SCALE)) scales.set(key.slice(SCALE.length), data);
    const name = key.slice(WEIGHT.length);
    const old = key.startsWith(WEIGHT) ? initializers.get(name) : undefined;
    if (old !== undefined) initializers.set(name, tensor('float32', old.shape, data));
  }
  const { samples, seconds, engine = 'wasm' } = head;
  return { graph: { ...graph, initializers }, history: historyOf(head), samples, seconds, engine, scales };
}
