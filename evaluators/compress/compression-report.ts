/** What a compression was asked for and what it achieved. */

import type { CompressionPlan } from '../compression-plan.ts';
import { type Cost, countCost } from '../ir/cost.ts';
import type { Graph } from '../ir/graph.ts';
import type { EngineKind } from '../train/engine.ts';
import type { Achieved } from './prune-structured.ts';
import type { RestructuredLayer } from './restructure/restructure.ts';

export interface AccuracyRecord {
  /** Float network before compression. */
  readonly before: number;
  /** After pruning and fine-tuning, still float. */
  readonly float: number;
  /** What would run on the device. */
  readonly after: number;
}

export interface CompressionReport {
  readonly asked: CompressionPlan;
  readonly achieved: {
    readonly before: Cost;
    readonly after: Cost;
    /** Absent when nothing was pruned. */
    readonly prune?: Achieved;
    /** Layers whose structure was changed; absent when none was. */
    readonly restructure?: readonly RestructuredLayer[];
  };
  readonly accuracy: AccuracyRecord;
  /** Accuracy on training samples of the slice of a supernet, before its own training. */
  readonly sliceAccuracy?: number;
  /** Fine-tuning, step by step: epochs and the training loss at their end. */
  readonly training: readonly TrainingRecord[];
  readonly seconds: number;
}

export interface TrainingRecord {
  readonly step: number;
  readonly epochs: number;
  readonly loss: number;
  readonly seconds: number;
  /** Weights are reproducible per kind of engine. */
  readonly engine: EngineKind;
}

export class ReportBuilder {
  readonly #plan: CompressionPlan;
  readonly #before: Cost;
  readonly #accuracy: { -readonly [K in keyof AccuracyRecord]?: number } = {};
  readonly #training: TrainingRecord[] = [];
  readonly #started = performance.now();
  #prune: Achieved | undefined;
  #sliceAccuracy: number | undefined;
  #restructured: readonly RestructuredLayer[] = [];

  constructor(graph: Graph, plan: CompressionPlan) {
    this.#plan = plan;
    this.#before = countCost(graph);
  }

  accuracy(kind: keyof AccuracyRecord, value: number): void {
    this.#accuracy[kind] = value;
  }

  /** One step of pruning; `before` stays that of the first step. */
  pruned(achieved: Achieved): void {
    const first = this.#prune;
    if (first === undefined) {
      this.#prune = achieved;
      return;
    }
    const widths = new Map(first.layers.map((layer) => [layer.name, layer.before]));
    this.#prune = {
      ...achieved,
      params: { ...achieved.params, before: first.params.before },
      macs: { ...achieved.macs, before: first.macs.before },
      layers: achieved.layers.map((layer) => ({ ...layer, before: widths.get(layer.name) ?? layer.before })),
    };
  }

  restructured(layers: readonly RestructuredLayer[]): void {
    this.#restructured = layers;
  }

  /** Trainings so far. */
  get trainings(): number {
    return this.#training.length;
  }

  sliced(accuracy: number): void {
    this.#sliceAccuracy = accuracy;
  }

  trained(record: TrainingRecord): void {
    this.#training.push(record);
  }

  build(graph: Graph): CompressionReport {
    const { before = Number.NaN, float = before, after = float } = this.#accuracy;
    return {
      asked: this.#plan,
      achieved: {
        before: this.#before,
        after: countCost(graph),
        ...(this.#prune === undefined ? {} : { prune: this.#prune }),
        ...(this.#restructured.length === 0 ? {} : { restructure: this.#restructured }),
      },
      accuracy: { before, float, after },
      ...(this.#sliceAccuracy === undefined ? {} : { sliceAccuracy: this.#sliceAccuracy }),
      training: this.#training,
      seconds: (performance.now() - this.#started) / 1000,
    };
  }
}
