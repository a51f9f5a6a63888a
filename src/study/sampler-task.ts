/** What a sampler needs of a study, as plain data that can be sent to a worker thread. */
import {
  createFidelitySampler,
  createSampler,
  createTransferSampler,
  type KnownMetric,
  SAMPLER_KINDS,
  type Sampler,
  type SamplerKind,
  type SamplerOptions,
  type SamplerProblem,
} from '@tinypareto/optimizer';
import type { ParameterSpec, SamplerSpec } from '../contract/parameter.ts';
import type { ConstraintSpec, FidelitySpec, ObjectiveSpec } from '../contract/study.ts';
import { UserError } from '../errors.ts';
import { loadExpressionParser } from './expression.ts';
import { ParamLanguage } from './param-language.ts';
import type { SamplerExtensionRef, StudyRecord } from './study.ts';
import { compileRules } from './study-rules.ts';
import type { StudyTransfer } from './transfer-source.ts';

/** Trust in an earlier study. */
const DEFAULT_DISCOUNT = 0.7;

export interface SamplerTask {
  readonly study: string;
  readonly parameters: readonly ParameterSpec[];
  readonly objectives: readonly ObjectiveSpec[];
  readonly constraints: readonly ConstraintSpec[];
  readonly parameterConstraints?: readonly ConstraintSpec[];
  readonly known?: Readonly<Record<string, string>>;
  readonly priorMean?: Readonly<Record<string, string>>;
  readonly sampler: SamplerSpec & { readonly seed: number };
  readonly budgetTrials: number | null;
  readonly extension: SamplerExtensionRef | null;
  readonly transfer?: StudyTransfer;
  readonly fidelity?: FidelitySpec;
}

/** What `createSamplerExtension(data)` of an extension module returns, or promises. */
export interface SamplerExtension {
  readonly known?: ReadonlyMap<string, KnownMetric>;
  readonly knownErrors?: ReadonlyMap<string, number>;
  readonly priorMean?: ReadonlyMap<string, KnownMetric>;
}

interface ExtensionModule {
  createSamplerExtension(data: unknown): SamplerExtension | Promise<SamplerExtension>;
}

export function samplerTask(study: StudyRecord): SamplerTask {
  const { id, parameters, objectives, constraints, sampler, budget, extension } = study;
  const { parameterConstraints = [], known, priorMean } = study;
  return {
    study: id,
    parameters,
    objectives,
    constraints,
    ...(parameterConstraints.length > 0 && { parameterConstraints }),
    ...(known !== undefined && { known }),
    ...(priorMean !== undefined && { priorMean }),
    sampler,
    budgetTrials: budget.trials ?? null,
    extension,
    ...(study.transfer !== undefined && { transfer: study.transfer }),
    ...(study.fidelity !== undefined && { fidelity: study.fidelity }),
  };
}

/** The problem as the optimizer sees it. The same task gives the same problem in every thread. */
export async function buildProblem(task: SamplerTask): Promise<SamplerProblem> {
  const { objectives, extension } = task;
  const { space, constraints, known, priorMean } = await compileRules(task);
  const extra: SamplerExtension =
    extension === null
      ? {}
      : await ((await import(extensionUrl(extension.module))) as ExtensionModule).createSamplerExtension(
          extension.data,
        );
  return {
    space,
    objectives,
    constraints,
    ...(known.size + (extra.known?.size ?? 0) > 0 && { known: new Map([...(extra.known ?? []), ...known]) }),
    ...(extra.knownErrors !== undefined && { knownErrors: extra.knownErrors }),
    ...(priorMean.size + (extra.priorMean?.size ?? 0) > 0 && {
      priorMean: new Map([...(extra.priorMean ?? []), ...priorMean]),
    }),
  };
}

/** A module of this program, named by its place below src. */
function extensionUrl(name: string): string {
  if (!/^[a-z]+\/[a-z-]+$/.test(name)) throw new Error(`${JSON.stringify(name)} names no extension`);
  const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return new URL(`../${name}${ending}`, import.meta.url).href;
}

/** The sampler of the task, for its problem. `interrupt` is called while it thinks; what it throws ends the ask. */
export async function buildSampler(
  task: SamplerTask,
  problem: SamplerProblem,
  interrupt: () => void = () => {},
): Promise<Sampler> {
  const { sampler, budgetTrials } = task;
  const options: SamplerOptions = {
    seed: sampler.seed,
    interrupt,
    ...(sampler.initialPoints !== undefined && { initialPoints: sampler.initialPoints }),
    ...(sampler.populationSize !== undefined && { populationSize: sampler.populationSize }),
    ...(sampler.points !== undefined && { list: sampler.points }),
    ...(budgetTrials !== null && { budgetTrials }),
  };
  const kind = SAMPLER_KINDS.find((each) => each === sampler.kind);
  if (kind === undefined)
    throw new UserError({ code: 'UNKNOWN_SAMPLER', message: `the sampler "${sampler.kind}" is not available` });
  const informed = withTransfer(task, kind, problem, options);
  if (task.fidelity === undefined) return informed;
  const { parameter, seconds } = task.fidelity;
  const language = new ParamLanguage(task.parameters, await loadExpressionParser());
  return createFidelitySampler(problem, informed, { parameter, seconds: language.formula(seconds), interrupt });
}

function withTransfer(task: SamplerTask, kind: SamplerKind, problem: SamplerProblem, options: SamplerOptions): Sampler {
  if (task.transfer === undefined) return createSampler(kind, problem, options);
  const { trials, discount = DEFAULT_DISCOUNT } = task.transfer;
  const source = trials.map((trial, number) => ({ number, ...trial }));
  return createTransferSampler(kind, problem, options, { trials: source, discount });
}
