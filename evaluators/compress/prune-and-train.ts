/**
 * Changes layers, then prunes in the steps of a schedule, with fine-tuning after each. Masked weights stay zero while they are trained.
 */

import type { CompressionPlan, FinetunePlan, PrunePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import type { Dataset } from '../train/data/dataset.ts';
import { holdOut } from '../train/data/hold-out.ts';
import { evaluate } from '../train/evaluate.ts';
import { DEFAULT_BATCH, DivergedError, type FinetuneOptions, finetune } from '../train/finetune.ts';
import { recalibrateBatchNorm } from '../train/recalibrate.ts';
import { createStream } from '../train/rng.ts';
import { chooseWidths } from './choose-widths.ts';
import type { CompressHooks } from './compress-hooks.ts';
import { CompressionError } from './compression-error.ts';
import type { ReportBuilder } from './compression-report.ts';
import { dataImportance } from './data-importance.ts';
import { analyzeDependencies } from './dependencies/dependency-groups.ts';
import { elementImportance } from './element-importance.ts';
import { roundWidth, TOLERANCE } from './fit-widths.ts';
import { metricOf } from './group-widths.ts';
import { HopelessCheck } from './hopeless.ts';
import { type ElementContext, type Mask, pruneElements } from './prune-elements.ts';
import { type Achieved, askedValue, pruneStructured } from './prune-structured.ts';
import { restructure } from './restructure/restructure.ts';
import { layersAt, pruneProgress, trainingShares } from './schedule.ts';
import { checkPromise, checkSupernetPlan, sharedWeights } from './shared-weights.ts';
import type { CurvePart, ValidationCurve } from './validation-curve.ts';

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
  readonly curve: WatchedCurve | undefined;
}

/** The accuracy in the last stage of training is a part of the curve. */
export interface WatchedCurve {
  readonly values: ValidationCurve;
  readonly part: CurvePart;
}

/** Share of the epochs that train the final structure. */
export function lastStageShare({ prune, restructure: changes }: CompressionPlan): number {
  const steps = prune === undefined ? [] : pruneProgress(prune.schedule);
  return stagesOf(Object.keys(changes ?? {}).length > 0, steps.length).at(-1)?.share ?? 1;
}

export async function pruneAndTrain(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks,
  report: ReportBuilder,
  curve?: WatchedCurve,
): Promise<Trained> {
  checkSupernetPlan(plan);
  const job: Job = { original: graph, dataset, plan, hooks, report, curve };
  const { prune } = plan;
  const isChanged = Object.keys(plan.restructure ?? {}).length > 0;
  const steps = prune === undefined ? [] : pruneProgress(prune.schedule);
  const stages = stagesOf(isChanged, steps.length);
  const start = plan.supernet === undefined ? graph : await sharedWeights(graph, dataset, plan.supernet, hooks);
  let current: Trained = { graph: isChanged ? change(job, start) : start };
  if (prune === undefined || isChanged) current = await train(job, current, stages[0]);
  if (prune === undefined) return current;
  const whole = current.graph;
  const goal = goalOf(whole, graph, prune, hooks);
  const before = new Map(analyzeDependencies(whole).sources.map(({ node, units }) => [node.name, units.length]));
  for (const [index, progress] of steps.entries()) {
    const stage = stages[index + (isChanged ? 1 : 0)];
    hooks.signal?.throwIfAborted();
    const message = `step ${index + 1} of ${steps.length}`;
    hooks.onProgress?.({ stage: 'prune', fraction: TRAINING_FRACTION * stage.from, message });
    const step: PruneStep = { prune, current, before, progress, asked: goal?.(progress) };
    const isTried = progress === 1 && (prune.tryWidths ?? 1) > 1;
    const { achieved, ...pruned } = await (isTried ? tryWidths(job, step) : pruneChecked(job, step));
    report.pruned(achieved);
    current = await train(job, plan.supernet === undefined ? pruned : takeSlice(job, pruned), stage);
  }
  return current;
}

/** Share of the whole plan's progress that pruning and training make. */
const TRAINING_FRACTION = 0.8;
/** Share of the epochs that follow changed layers when pruning comes after them. */
const CHANGE_SHARE = 0.25;

interface Stage {
  readonly index: number;
  /** Share of the epochs before and in this stage. */
  readonly from: number;
  readonly share: number;
  readonly isLast: boolean;
}

function stagesOf(isChanged: boolean, steps: number): Stage[] {
  const first = isChanged && steps > 0 ? CHANGE_SHARE : 0;
  const shares = [...(first > 0 ? [first] : []), ...trainingShares(steps).map((share) => share * (1 - first))];
  let from = 0;
  return shares.map((share, index) => {
    const stage = { index, from, share, isLast: index === shares.length - 1 };
    from += share;
    return stage;
  });
}

/** A slice of the shared weights needs statistics of its own; without promise it is not trained. */
function takeSlice({ dataset, plan, hooks, report }: Job, pruned: Trained): Trained {
  const graph = recalibrateBatchNorm(pruned.graph, dataset, { seed: plan.seed ?? 0 });
  report.sliced(checkPromise(graph, dataset, hooks.minimumAccuracy));
  return { ...pruned, graph };
}

function change({ plan, hooks, report }: Job, graph: Graph): Graph {
  hooks.onProgress?.({ stage: 'restructure', fraction: 0, message: Object.keys(plan.restructure ?? {}).join(', ') });
  const result = restructure(graph, plan.restructure ?? {});
  report.restructured(result.layers);
  return result.graph;
}

/** The metric's value asked after a share of the way; shares to remove are of the uncompressed network. */
function goalOf(
  graph: Graph,
  uncompressed: Graph,
  prune: PrunePlan,
  hooks: CompressHooks,
): ((progress: number) => number) | undefined {
  const { target } = prune;
  if (target === undefined || prune.granularity === 'nm') return undefined;
  const measures = hooks.measures ?? {};
  const base = metricOf(graph, target.metric, measures);
  const final = askedValue(target, metricOf(uncompressed, target.metric, measures));
  return (progress) => (progress === 1 ? final : base - (base - final) * progress);
}

/** Fits that the slow measurement does not confirm are made again, now that the fast one knows better. */
const FITS = 5;

async function pruneChecked(job: Job, step: PruneStep): Promise<Pruned> {
  const { prune, asked } = step;
  const metric = prune.target?.metric;
  const simulate = metric === undefined ? undefined : job.hooks.simulate?.[metric];
  const first = pruneStep(job, step);
  if (metric === undefined || simulate === undefined || asked === undefined) return first;
  let best = { pruned: first, miss: Number.POSITIVE_INFINITY };
  let next = first;
  for (let fit = 0; fit < FITS; fit++) {
    const achieved = await simulate(next.graph);
    // Whatever keeps an upper bound is better than what does not.
    const isOver = prune.target?.atMost !== undefined && achieved > asked;
    const miss = Math.abs(achieved / asked - 1) + (isOver ? 1 : 0);
    const target = { metric, asked, achieved };
    if (miss < best.miss) best = { pruned: { ...next, achieved: { ...next.achieved, target } }, miss };
    if (best.miss <= TOLERANCE || fit === FITS - 1) break;
    next = pruneStep(job, step);
  }
  return best.pruned;
}

type Pruned = Trained & { readonly achieved: Achieved };

/** One step of the schedule. */
interface PruneStep {
  readonly prune: PrunePlan;
  readonly current: Trained;
  /** Structures by layer name before the first step. */
  readonly before: ReadonlyMap<string, number>;
  /** 0..1 of the way to the plan's targets. */
  readonly progress: number;
  /** The target metric's value after this step. */
  readonly asked: number | undefined;
}

/** Share of the plan's epochs that a try trains for. */
const TRY_SHARE = 1 / 10;

/** Several assignments of widths that meet the target, trained for a moment each. */
async function tryWidths(job: Job, step: PruneStep): Promise<Pruned> {
  const { plan, dataset, hooks } = job;
  const { prune, current } = step;
  const { finetune: asked } = plan;
  if (prune.granularity !== 'structured' || prune.target === undefined || asked === undefined || asked.epochs <= 0) {
    const text = 'prune.tryWidths trains structured networks that meet a target: it needs prune.target and finetune';
    throw new CompressionError('BAD_PLAN', text);
  }
  const held = holdOut(dataset);
  const groups = analyzeDependencies(current.graph).groups.filter(({ frozen }) => frozen === undefined);
  const free = groups.flatMap(({ layers, classes }) => {
    const [name] = layers;
    return name === undefined || prune.layers?.[name] !== undefined ? [] : [[name, classes.length] as const];
  });
  const stream = createStream(plan.seed ?? 0, 'widths');
  let tried = 0;
  const sizes = new Map(free);
  const chosen = await chooseWidths({
    layers: sizes,
    tries: prune.tryWidths ?? 1,
    random: () => stream.nextFloat(),
    fit: async (fixed) => {
      const kept = [...fixed].map(([name, keep]) => {
        return [name, { keep: roundWidth(keep, sizes.get(name) ?? keep, prune.roundTo ?? 1) }];
      });
      const layers = { ...prune.layers, ...Object.fromEntries(kept) };
      try {
        const pruned = await pruneChecked(job, { ...step, prune: { ...prune, layers } });
        return { ...pruned, widths: new Map(pruned.achieved.layers.map(({ name, after }) => [name, after])) };
      } catch (error) {
        // A neighbour may be out of reach; the heuristic's own choice may not.
        if (fixed.size > 0 && error instanceof CompressionError) return null;
        throw error;
      }
    },
    judge: async ({ graph }, share) => {
      hooks.signal?.throwIfAborted();
      const short: FinetunePlan = { ...asked, epochs: asked.epochs * TRY_SHARE * share };
      const options = {
        seed: plan.seed ?? 0,
        ...((asked.distill ?? 0) > 0 ? { teacher: job.original } : {}),
        ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
      };
      const trained = await finetune(graph, held, short, options).catch((error: unknown) => {
        if (error instanceof DivergedError) return null;
        throw error;
      });
      if (trained === null) return Number.POSITIVE_INFINITY;
      const { loss, accuracy } = evaluate(
        trained.graph,
        held,
        hooks.signal === undefined ? {} : { signal: hooks.signal },
      );
      const message = `width choice ${++tried}: ${(100 * accuracy).toFixed(2)} % of held-out samples`;
      hooks.onProgress?.({ stage: 'prune', fraction: 0, message });
      return loss;
    },
  });
  const { widths: _widths, ...pruned } = chosen;
  return pruned;
}

function pruneStep(
  { original, dataset, plan, hooks }: Job,
  { prune, current, before, progress, asked }: PruneStep,
): Pruned {
  const context: ElementContext = {
    seed: plan.seed ?? 0,
    progress,
    dataImportance: (analysis, heuristic) => dataImportance(analysis, heuristic, dataset, hooks.signal),
    elementImportance: (graph, heuristic) => elementImportance(graph, heuristic, dataset, hooks.signal),
    ...(hooks.measures === undefined ? {} : { measures: hooks.measures }),
    // The supernet was sliced by the weights that it started from.
    ...(plan.supernet === undefined ? {} : { rankBy: original }),
    ...(asked === undefined ? {} : { asked }),
    ...(current.mask === undefined ? {} : { mask: current.mask }),
  };
  if (prune.granularity !== 'structured') return pruneElements(current.graph, prune, context);
  const layers = prune.layers === undefined ? undefined : layersAt(prune.layers, before, progress);
  return pruneStructured(current.graph, layers === undefined ? prune : { ...prune, layers }, context);
}

async function train(job: Job, current: Trained, stage: Stage): Promise<Trained> {
  const { plan, hooks, report, dataset } = job;
  const curve = stage.isLast ? job.curve : undefined;
  const { finetune: asked } = plan;
  if (asked === undefined || asked.epochs <= 0) return current;
  const share: FinetunePlan = { ...asked, epochs: asked.epochs * stage.share };
  const samples = Math.min(asked.batchSize ?? DEFAULT_BATCH, dataset.train.count);
  // Mixed samples have no one right answer, so their accuracy foretells nothing; only the last stage has to reach the end's accuracy.
  const minimum = stage.isLast ? hooks.minimumAccuracy : undefined;
  const hopeless =
    asked.augment?.includes('mixup') === true
      ? undefined
      : new HopelessCheck({
          classes: dataset.classes,
          ...(minimum === undefined ? {} : { minimumAccuracy: minimum }),
        });
  const options: FinetuneOptions = {
    seed: (plan.seed ?? 0) + stage.index,
    ...(current.mask === undefined ? {} : { mask: current.mask }),
    ...((asked.distill ?? 0) > 0 ? { teacher: job.original } : {}),
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    ...(hopeless === undefined ? {} : { observer: hopeless }),
    ...(curve === undefined ? {} : { beforeStep: curve.values.watch(curve.part) }),
    onProgress: ({ step, steps, loss, accuracy }) => {
      hooks.onProgress?.({
        stage: 'finetune',
        fraction: TRAINING_FRACTION * (stage.from + (stage.share * step) / steps),
        message: `batch ${step} of ${steps}, loss ${loss.toFixed(4)}`,
      });
      hopeless?.observe({ step, steps, samples, accuracy });
    },
  };
  const result = await (hooks.finetune ?? finetune)(current.graph, dataset, share, options);
  const loss = result.history.at(-1)?.loss ?? Number.NaN;
  report.trained({ step: stage.index, epochs: share.epochs, loss, seconds: result.seconds, engine: result.engine });
  if (curve?.part.to === 1) await curve.values.end(result.graph);
  return { ...current, graph: result.graph };
}
