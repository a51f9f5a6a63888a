/** Prunes in the steps of a schedule, with fine-tuning after each step. Masked weights stay zero while they are trained. */

import type { CompressionPlan, FinetunePlan, PrunePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import type { Dataset } from '../train/data/dataset.ts';
import { type FinetuneOptions, finetune } from '../train/finetune.ts';
import type { CompressHooks } from './compress-hooks.ts';
import type { ReportBuilder } from './compression-report.ts';
import { dataImportance } from './data-importance.ts';
import { analyzeDependencies } from './dependencies/dependency-groups.ts';
import { elementImportance } from './element-importance.ts';
import { metricOf } from './group-widths.ts';
import { type ElementContext, type Mask, pruneElements } from './prune-elements.ts';
import { type Achieved, askedValue, pruneStructured } from './prune-structured.ts';
import { layersAt, pruneProgress } from './schedule.ts';

export interface Trained {
  readonly graph: Graph;
  readonly mask?: Mask;
}

/** What every step needs. */
interface Job {
  readonly original: Graph;
  readonly dataset: Dataset;
  readonly plan: CompressionPlan;
  readonly hooks: CompressHooks;
  readonly report: ReportBuilder;
}

export async function pruneAndTrain(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks,
  report: ReportBuilder,
  teacher: Graph = graph,
): Promise<Trained> {
  const job: Job = { original: teacher, dataset, plan, hooks, report };
  const { prune } = plan;
  if (prune === undefined) return train(job, { graph }, 0, 1);
  const steps = pruneProgress(prune.schedule);
  const goal = goalOf(graph, prune, hooks);
  const before = new Map(analyzeDependencies(graph).sources.map(({ node, units }) => [node.name, units.length]));
  let current: Trained = { graph };
  for (const [index, progress] of steps.entries()) {
    hooks.signal?.throwIfAborted();
    const fraction = (0.8 * index) / steps.length;
    hooks.onProgress?.({ stage: 'prune', fraction, message: `step ${index + 1} of ${steps.length}` });
    const { achieved, ...pruned } = pruneStep(job, prune, current, before, progress, goal?.(progress));
    report.pruned(achieved);
    current = await train(job, pruned, index, steps.length);
  }
  return current;
}

/** The metric's value asked after a share of the way. */
function goalOf(graph: Graph, prune: PrunePlan, hooks: CompressHooks): ((progress: number) => number) | undefined {
  const { target } = prune;
  if (target === undefined || prune.granularity === 'nm') return undefined;
  const base = metricOf(graph, target.metric, hooks.measures ?? {});
  const final = askedValue(target, base);
  return (progress) => (progress === 1 ? final : base - (base - final) * progress);
}

function pruneStep(
  { dataset, plan, hooks }: Job,
  prune: PrunePlan,
  current: Trained,
  before: ReadonlyMap<string, number>,
  progress: number,
  asked: number | undefined,
): Trained & { readonly achieved: Achieved } {
  const context: ElementContext = {
    seed: plan.seed ?? 0,
    progress,
    dataImportance: (analysis, heuristic) => dataImportance(analysis, heuristic, dataset, hooks.signal),
    elementImportance: (graph, heuristic) => elementImportance(graph, heuristic, dataset, hooks.signal),
    ...(hooks.measures === undefined ? {} : { measures: hooks.measures }),
    ...(asked === undefined ? {} : { asked }),
    ...(current.mask === undefined ? {} : { mask: current.mask }),
  };
  if (prune.granularity !== 'structured') return pruneElements(current.graph, prune, context);
  const layers = prune.layers === undefined ? undefined : layersAt(prune.layers, before, progress);
  return pruneStructured(current.graph, layers === undefined ? prune : { ...prune, layers }, context);
}

async function train(job: Job, current: Trained, step: number, steps: number): Promise<Trained> {
  const { plan, hooks, report, dataset } = job;
  const { finetune: asked } = plan;
  if (asked === undefined || asked.epochs <= 0) return current;
  const share: FinetunePlan = { ...asked, epochs: asked.epochs / steps };
  const options: FinetuneOptions = {
    seed: (plan.seed ?? 0) + step,
    ...(current.mask === undefined ? {} : { mask: current.mask }),
    ...((asked.distill ?? 0) > 0 ? { teacher: job.original } : {}),
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    onProgress: ({ step: done, steps: all, loss }) =>
      hooks.onProgress?.({
        stage: 'finetune',
        fraction: (0.8 * (step + done / all)) / steps,
        message: `batch ${done} of ${all}, loss ${loss.toFixed(4)}`,
      }),
  };
  const result = await finetune(current.graph, dataset, share, options);
  const loss = result.history.at(-1)?.loss ?? Number.NaN;
  report.trained({ step, epochs: share.epochs, loss, seconds: result.seconds });
  return { ...current, graph: result.graph };
}
