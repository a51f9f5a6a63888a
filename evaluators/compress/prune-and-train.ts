/** Prunes in the steps of a schedule, with fine-tuning after each step. */
import type { Graph } from '../ir/graph.ts';
import type { Dataset } from '../train/data/dataset.ts';
import { finetune } from '../train/finetune.ts';
import type { CompressHooks } from './compress-hooks.ts';
import type { ReportBuilder } from './compression-report.ts';
import { analyzeDependencies } from './dependencies/dependency-groups.ts';
import { metricOf } from './group-widths.ts';
import type { CompressionPlan, FinetunePlan, PrunePlan } from './plan.ts';
import { askedValue, type PruneContext, pruneStructured } from './prune-structured.ts';
import { layersAt, pruneProgress } from './schedule.ts';

export interface Trained {
  readonly graph: Graph;
  readonly mask?: ReadonlyMap<string, Uint8Array>;
  /** Float test accuracy, when it was measured. */
  readonly accuracy?: number;
}

export async function pruneAndTrain(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks,
  report: ReportBuilder,
): Promise<Trained> {
  const { prune } = plan;
  if (prune === undefined) return train(graph, dataset, plan, hooks, report, 0, 1);
  const steps = pruneProgress(prune.schedule);
  const goal = goalOf(graph, prune, hooks);
  const before = new Map(analyzeDependencies(graph).sources.map(({ node, units }) => [node.name, units.length]));
  let current: Trained = { graph };
  for (const [index, progress] of steps.entries()) {
    hooks.signal?.throwIfAborted();
    const fraction = (0.8 * index) / steps.length;
    hooks.onProgress?.({ stage: 'prune', fraction, message: `step ${index + 1} of ${steps.length}` });
    const result = pruneStructured(
      current.graph,
      stepPlan(prune, before, progress),
      contextFor(plan, hooks, goal?.(progress)),
    );
    report.pruned(result.achieved);
    current = await train(result.graph, dataset, plan, hooks, report, index, steps.length);
  }
  return current;
}

/** The metric's value asked after a share of the way. */
function goalOf(graph: Graph, prune: PrunePlan, hooks: CompressHooks): ((progress: number) => number) | undefined {
  const { target } = prune;
  if (target === undefined) return undefined;
  const base = metricOf(graph, target.metric, hooks.measures ?? {});
  const final = askedValue(target, base);
  return (progress) => (progress === 1 ? final : base - (base - final) * progress);
}

function stepPlan(prune: PrunePlan, before: ReadonlyMap<string, number>, progress: number): PrunePlan {
  return prune.layers === undefined ? prune : { ...prune, layers: layersAt(prune.layers, before, progress) };
}

function contextFor(plan: CompressionPlan, hooks: CompressHooks, asked: number | undefined): PruneContext {
  return {
    seed: plan.seed ?? 0,
    ...(hooks.measures === undefined ? {} : { measures: hooks.measures }),
    ...(asked === undefined ? {} : { asked }),
  };
}

async function train(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks,
  report: ReportBuilder,
  step: number,
  steps: number,
): Promise<Trained> {
  const { finetune: asked } = plan;
  if (asked === undefined || asked.epochs <= 0) return { graph };
  const share: FinetunePlan = { ...asked, epochs: asked.epochs / steps };
  const result = await finetune(graph, dataset, share, {
    seed: (plan.seed ?? 0) + step,
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    onProgress: ({ step: done, steps: all, loss }) =>
      hooks.onProgress?.({
        stage: 'finetune',
        fraction: (0.8 * (step + done / all)) / steps,
        message: `batch ${done} of ${all}, loss ${loss.toFixed(4)}`,
      }),
  });
  const last = result.history.at(-1);
  report.trained({ step, epochs: share.epochs, loss: last?.loss ?? Number.NaN, seconds: result.seconds });
  return { graph: result.graph };
}
