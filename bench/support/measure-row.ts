/**
 * One row of bench/compress.ts. Rows that only differ in the number format after training share it: the network that pruning and training
 * leave is kept (in a folder when there is one, so that a later run can go on), and each format quantizes it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Achieved,
  type BoardSpec,
  type CompressionPlan,
  type Cost,
  compress,
  countCost,
  type Dataset,
  deployable,
  exportOnnx,
  type Graph,
  importOnnx,
  lower,
  predictSizes,
  sizeMeasures,
} from '@tinypareto/evaluators';
import type { CompressCase } from './compress-cases.ts';

export interface Subject {
  readonly graph: Graph;
  readonly dataset: Dataset;
  readonly accuracy: number;
}

export interface CompressRow {
  readonly row: string;
  /** What the target asked for, and what came out after closure. */
  readonly asked: string;
  readonly achieved: string;
  /** Difference of achieved and asked, in % of the asked; null without a target. */
  readonly missPercent: number | null;
  readonly params: number;
  readonly removedPercent: number;
  readonly macs: number;
  readonly accuracyBefore: number;
  readonly accuracyFloat: number;
  readonly accuracyAfter: number;
  readonly relativePercent: number;
  readonly romBytes: number;
  readonly ramBytes: number;
  readonly smaller: number;
  readonly seconds: number;
  readonly seeds: string;
}

/** What training leaves, before any number format. */
interface Trained {
  readonly graph: Graph;
  readonly accuracy: number;
  readonly prune: Achieved | null;
  readonly macs: number;
  readonly seconds: number;
}

/** Sizes in bytes depend on the number format, training on grids too: such rows are measured whole. */
function sharesTraining({ prune, quantize, finetune }: CompressionPlan): boolean {
  const metric = prune?.target?.metric;
  const isOfShapes = metric === undefined || metric === 'params' || metric === 'macs';
  return finetune !== undefined && quantize !== undefined && quantize.mode !== 'qat' && isOfShapes;
}

function keyOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

export class RowMeasure {
  readonly #board: BoardSpec;
  /** Folder of finished work; null = nothing outlives the run. */
  readonly #folder: string | null;
  readonly #trained = new Map<string, Trained>();

  constructor(board: BoardSpec, folder: string | null) {
    this.#board = board;
    this.#folder = folder;
    if (folder !== null) mkdirSync(folder, { recursive: true });
  }

  /** A row that an earlier run finished. */
  known(each: CompressCase, samples: number): CompressRow | null {
    const file = this.#file(each.plan, each.network, samples, 'row.json');
    return file !== null && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CompressRow) : null;
  }

  async measure(each: CompressCase, subject: Subject): Promise<CompressRow> {
    const row = sharesTraining(each.plan) ? await this.#ofShared(each, subject) : await this.#whole(each, subject);
    const file = this.#file(each.plan, each.network, subject.dataset.train.count, 'row.json');
    if (file !== null) writeFileSync(file, JSON.stringify(row));
    return row;
  }

  async #whole(each: CompressCase, subject: Subject): Promise<CompressRow> {
    const start = performance.now();
    const result = await compress(subject.graph, subject.dataset, each.plan, {
      baselineAccuracy: subject.accuracy,
      measures: sizeMeasures(each.plan.quantize, this.#board),
    });
    const { achieved, accuracy } = result.report;
    const seconds = (performance.now() - start) / 1000;
    const trained = {
      graph: result.floatGraph,
      accuracy: accuracy.float,
      prune: achieved.prune ?? null,
      macs: achieved.after.macs,
      seconds,
    };
    return this.#row(each, subject, trained, result.integerGraph ?? deployable(result.floatGraph), accuracy.after);
  }

  async #ofShared(each: CompressCase, subject: Subject): Promise<CompressRow> {
    const { quantize, ...training } = each.plan;
    const trained = await this.#train(each.network, training, subject);
    const start = performance.now();
    const result = await compress(
      trained.graph,
      subject.dataset,
      { ...(quantize === undefined ? {} : { quantize }), seed: each.plan.seed ?? 0 },
      { baselineAccuracy: trained.accuracy },
    );
    const seconds = trained.seconds + (performance.now() - start) / 1000;
    const deployed = result.integerGraph ?? deployable(result.floatGraph);
    return this.#row(each, subject, { ...trained, seconds }, deployed, result.report.accuracy.after);
  }

  async #train(network: string, plan: CompressionPlan, subject: Subject): Promise<Trained> {
    const key = keyOf({ network, plan, samples: subject.dataset.train.count });
    const known = this.#trained.get(key) ?? this.#stored(plan, network, subject);
    if (known !== null) return known;
    const { floatGraph: graph, report } = await compress(subject.graph, subject.dataset, plan, {
      baselineAccuracy: subject.accuracy,
    });
    const { achieved, accuracy, seconds } = report;
    const facts = {
      accuracy: accuracy.after,
      prune: achieved.prune ?? null,
      macs: achieved.after.macs,
      seconds,
    };
    // One network is enough: its formats follow one another.
    this.#trained.clear();
    this.#trained.set(key, { graph, ...facts });
    const file = this.#file(plan, network, subject.dataset.train.count, 'onnx');
    if (file !== null) {
      writeFileSync(file, exportOnnx(graph));
      writeFileSync(`${file}.json`, JSON.stringify(facts));
    }
    return { graph, ...facts };
  }

  #stored(plan: CompressionPlan, network: string, subject: Subject): Trained | null {
    const file = this.#file(plan, network, subject.dataset.train.count, 'onnx');
    if (file === null || !existsSync(`${file}.json`)) return null;
    const facts = JSON.parse(readFileSync(`${file}.json`, 'utf8')) as Omit<Trained, 'graph'>;
    return { graph: importOnnx(readFileSync(file)), ...facts };
  }

  #file(plan: CompressionPlan, network: string, samples: number, ending: string): string | null {
    return this.#folder === null ? null : path.join(this.#folder, `${keyOf({ network, plan, samples })}.${ending}`);
  }

  #row(each: CompressCase, subject: Subject, trained: Trained, deployed: Graph, accuracyAfter: number): CompressRow {
    const board = this.#board;
    const sizes = predictSizes(lower(deployed, board), board);
    const before = predictSizes(lower(deployable(subject.graph), board), board);
    const whole: Cost = countCost(subject.graph);
    const target = trained.prune?.target;
    const left = trained.prune?.params.after ?? countCost(trained.graph).params;
    return {
      row: each.id,
      asked: target === undefined ? '' : `${target.metric} ${Math.round(target.asked)}`,
      achieved: target === undefined ? '' : `${target.metric} ${target.achieved}`,
      missPercent: target === undefined ? null : rounded((target.achieved / target.asked - 1) * 100, 3),
      params: left,
      removedPercent: rounded(100 * (1 - left / whole.params), 2),
      macs: trained.macs,
      accuracyBefore: rounded(100 * subject.accuracy, 2),
      accuracyFloat: rounded(100 * trained.accuracy, 2),
      accuracyAfter: rounded(100 * accuracyAfter, 2),
      relativePercent: rounded((100 * accuracyAfter) / subject.accuracy, 2),
      romBytes: sizes.romBytes,
      ramBytes: sizes.ramBytes,
      smaller: rounded(before.romBytes / sizes.romBytes, 2),
      seconds: rounded(trained.seconds, 1),
      seeds: each.peer ?? '',
    };
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
