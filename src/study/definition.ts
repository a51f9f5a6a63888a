/** From the body a user wrote to a study that can run: defaults filled in, contradictions refused with the place named. */
import { randomInt } from 'node:crypto';
import { createSearchSpace, SAMPLER_KINDS, SpaceError } from '@tinypareto/optimizer';
import type { ParameterSpec, SamplerSpec, WireParams } from '../contract/parameter.ts';
import type { StudyDefinition } from '../contract/study.ts';
import { InvalidInputError, type Issue } from '../contract/validate.ts';
import { UserError } from '../errors.ts';
import { loadExpressionParser } from './expression.ts';
import { ParamLanguage } from './param-language.ts';
import type { CampaignPlanner } from './ports.ts';
import type { SamplerExtensionRef, StudyRecord } from './study.ts';
import { compileRules, splitConstraints } from './study-rules.ts';
import { toTransferSpec } from './transfer-source.ts';

/** Metrics that the evaluation of a compressed network reports. */
const CAMPAIGN_METRICS = ['accuracy', 'romBytes', 'ramBytes', 'macs', 'flops', 'params', 'latencyUs', 'energyUj'];
/** Those that differ between boards: with several boards each is reported as `metric@board` too. */
const BOARD_METRICS = ['romBytes', 'ramBytes', 'latencyUs', 'energyUj'];

/** The metrics there can be: every name for an external study (null), the evaluation's for a campaign. */
export function knownMetrics(definition: Pick<StudyDefinition, 'evaluation'>): ReadonlySet<string> | null {
  const { evaluation } = definition;
  if (evaluation === undefined) return null;
  const { board } = evaluation;
  const boards = typeof board === 'string' || board.length === 1 ? [] : board;
  return new Set([
    ...CAMPAIGN_METRICS,
    ...boards.flatMap((name) => BOARD_METRICS.map((metric) => `${metric}@${name}`)),
  ]);
}

function objectiveIssues(definition: StudyDefinition, known: ReadonlySet<string> | null): Issue[] {
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const [i, { metric }] of definition.objectives.entries()) {
    const where = `objectives[${i}].metric`;
    if (seen.has(metric)) issues.push({ code: 'BAD_VALUE', where, message: `${where}: "${metric}" is there twice` });
    if (known !== null && !known.has(metric))
      issues.push({
        code: 'BAD_VALUE',
        where,
        message: `${where}: an evaluation reports no metric "${metric}"`,
        hint: `metrics: ${CAMPAIGN_METRICS.join(', ')}`,
      });
    seen.add(metric);
  }
  return issues;
}

/** Throws `InvalidInputError` naming the parameter when the space contradicts itself. */
export function checkParameters(parameters: readonly ParameterSpec[]): void {
  const issues: Issue[] = [];
  for (const [i, parameter] of parameters.entries()) {
    const where = `space[${i}]`;
    if (parameter.type === 'categorical' || parameter.low <= parameter.high) continue;
    issues.push({
      code: 'BAD_VALUE',
      where: `${where}.low`,
      message: `${where} (${parameter.name}): low ${parameter.low} is greater than high ${parameter.high}`,
    });
  }
  if (issues.length > 0) throw new InvalidInputError(issues);
  try {
    createSearchSpace(parameters);
  } catch (error) {
    if (!(error instanceof SpaceError)) throw error;
    throw new InvalidInputError([{ code: 'BAD_SPACE', where: 'space', message: error.message }]);
  }
}

/** What the samplers with a model maximize. */
const ACQUISITIONS: readonly (readonly [kind: SamplerSpec['kind'], name: string])[] = [
  ['mobo', 'qLogNEHVI'],
  ['ars', 'qLogNEHVI'],
  ['ei', 'logNEI'],
  ['parego', 'qLogNParEGO'],
];

/** The sampler that maximizes what was asked for. Throws UserError where there is none, or another one was asked for. */
function samplerOf(acquisition: string, kind: SamplerSpec['kind']): SamplerSpec['kind'] {
  const kinds = ACQUISITIONS.flatMap(([each, name]) => (name === acquisition ? [each] : []));
  const [first] = kinds;
  const own = ACQUISITIONS.find(([each]) => each === kind)?.[1];
  if (kind === 'auto' && first !== undefined) return first;
  if (kinds.includes(kind)) return kind;
  const known = [...new Set(ACQUISITIONS.map(([, name]) => name))].join(', ');
  throw new UserError({
    code: 'BAD_VALUE',
    message: `the sampler "${kind}" ${own === undefined ? 'has no acquisition function to choose' : `maximizes ${own}`}, not "${acquisition}"`,
    where: 'sampler.acquisition',
    hint:
      first === undefined
        ? `there are ${known}; leave it out`
        : `use the sampler ${kinds.join(' or ')}, or leave it out`,
  });
}

/** The sampler that `auto` or nothing means: the model where there is one, otherwise Sobol' points. */
function resolveSampler(spec: SamplerSpec | undefined, objectives: number): SamplerSpec & { seed: number } {
  const available = new Set<string>(SAMPLER_KINDS);
  const wanted = spec?.kind ?? 'auto';
  const fallback = available.has('mobo') ? 'mobo' : 'sobol';
  const meant = spec?.acquisition === undefined ? wanted : samplerOf(spec.acquisition, wanted);
  const kind = meant === 'auto' && !available.has('auto') ? fallback : meant;
  if (!available.has(kind))
    throw new UserError({
      code: 'UNKNOWN_SAMPLER',
      message: `the sampler "${kind}" is not available`,
      where: 'sampler.kind',
      hint: `available: ${[...available].join(', ')}`,
    });
  if (kind === 'ei' && objectives !== 1)
    throw new UserError({
      code: 'BAD_VALUE',
      message: `the sampler "ei" needs exactly one objective, the study has ${objectives}`,
      where: 'sampler.kind',
      hint: 'use mobo or parego',
    });
  if (kind === 'list' && (spec?.points ?? []).length === 0)
    throw new UserError({ code: 'MISSING_KEY', message: 'the sampler "list" needs points', where: 'sampler.points' });
  return { ...spec, kind, seed: spec?.seed ?? randomInt(2 ** 31) };
}

interface PlannedSpace {
  readonly parameters: readonly ParameterSpec[];
  readonly fixed: WireParams;
  readonly extension: SamplerExtensionRef | null;
}

async function planSpace(definition: StudyDefinition, planner: CampaignPlanner | null): Promise<PlannedSpace> {
  const { space, evaluation } = definition;
  if (evaluation !== undefined) {
    if (planner === null)
      throw new UserError({
        code: 'NO_EVALUATOR',
        message: 'this daemon evaluates no campaigns',
        where: 'evaluation',
        status: 501,
      });
    const { parameters, fixed = {}, extension = null } = await planner.plan(definition);
    return { parameters, fixed, extension };
  }
  if (Array.isArray(space)) return { parameters: space, fixed: {}, extension: null };
  throw new UserError({
    code: 'PRESET_WITHOUT_MODEL',
    message: 'a search-space preset is expanded for a model: the study has no evaluation',
    where: 'space.preset',
    hint: 'list the parameters, or add `evaluation`',
  });
}

/** Throws `InvalidInputError` where a campaign, which reports its metrics itself, is given formulas for them. */
function formulasOf(definition: StudyDefinition): Pick<StudyRecord, 'known' | 'priorMean'> {
  const { known, priorMean, evaluation } = definition;
  const both = Object.keys(known ?? {}).find((metric) => Object.hasOwn(priorMean ?? {}, metric));
  if (both !== undefined)
    throw new InvalidInputError([
      { code: 'BAD_VALUE', where: `priorMean.${both}`, message: `priorMean.${both}: "${both}" is known exactly` },
    ]);
  if (evaluation !== undefined && known !== undefined)
    throw new InvalidInputError([
      {
        code: 'BAD_VALUE',
        where: 'known',
        message: 'known: a campaign computes its sizes itself',
        hint: 'leave it out',
      },
    ]);
  return { ...(known !== undefined && { known }), ...(priorMean !== undefined && { priorMean }) };
}

function checkEarlyStopping({ earlyStopping, evaluation }: StudyDefinition): void {
  if (earlyStopping === undefined) return;
  const where = 'earlyStopping.horizon';
  if (evaluation === undefined && earlyStopping.horizon === undefined)
    throw new InvalidInputError([
      {
        code: 'MISSING_KEY',
        where,
        message: `${where} is missing: the step at which a trial ends`,
        hint: 'a number, or a formula of the parameters such as `epochs`',
      },
    ]);
  if (evaluation !== undefined && earlyStopping.horizon !== undefined)
    throw new InvalidInputError([
      {
        code: 'BAD_VALUE',
        where,
        message: `${where}: the steps of a campaign are percent of the training and end at 100`,
        hint: 'leave it out',
      },
    ]);
}

function checkFidelity(name: string | undefined, parameters: readonly ParameterSpec[]): void {
  if (name === undefined || parameters.some((parameter) => parameter.name === name)) return;
  const where = 'fidelity.parameter';
  const hint = `parameters: ${parameters.map((parameter) => parameter.name).join(', ')}`;
  throw new InvalidInputError([
    { code: 'BAD_VALUE', where, message: `${where}: there is no parameter "${name}"`, hint },
  ]);
}

async function checkFormula(
  where: string,
  formula: number | string | undefined,
  parameters: readonly ParameterSpec[],
): Promise<void> {
  if (typeof formula !== 'string') return;
  try {
    new ParamLanguage(parameters, await loadExpressionParser()).formula(formula);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint } = error;
    throw new InvalidInputError([
      { code, where, message: `${where}: ${message}`, ...(hint !== undefined && { hint }) },
    ]);
  }
}

/** A fresh study, running. Throws `InvalidInputError` or `UserError` naming what is wrong. */
export async function defineStudy(
  id: string,
  definition: StudyDefinition,
  now: number,
  planner: CampaignPlanner | null,
): Promise<StudyRecord> {
  const known = knownMetrics(definition);
  const issues = objectiveIssues(definition, known);
  if (issues.length > 0) throw new InvalidInputError(issues);
  if (Array.isArray(definition.space)) checkParameters(definition.space);
  const formulas = formulasOf(definition);
  const sampler = resolveSampler(definition.sampler, definition.objectives.length);
  const { parameters, fixed, extension } = await planSpace(definition, planner);
  checkParameters(parameters);
  const split = await splitConstraints(
    definition.constraints ?? [],
    parameters,
    new Set([...definition.objectives.map(({ metric }) => metric), ...Object.keys(definition.known ?? {})]),
    known,
  );
  checkEarlyStopping(definition);
  await checkFormula('earlyStopping.horizon', definition.earlyStopping?.horizon, parameters);
  await checkFormula('fidelity.seconds', definition.fidelity?.seconds, parameters);
  checkFidelity(definition.fidelity?.parameter, parameters);
  await compileRules({ parameters, objectives: definition.objectives, ...split, ...formulas });
  return {
    id,
    name: definition.name,
    objectives: definition.objectives,
    ...split,
    ...formulas,
    space: definition.space,
    parameters,
    fixed,
    sampler,
    extension,
    budget: definition.budget ?? {},
    ...(definition.fidelity !== undefined && { fidelity: definition.fidelity }),
    ...(definition.earlyStopping !== undefined && { earlyStopping: definition.earlyStopping }),
    evaluation: definition.evaluation ?? null,
    maxAttempts: definition.maxAttempts ?? null,
    notes: definition.notes ?? '',
    tags: definition.tags ?? [],
    state: 'running',
    reason: null,
    revision: 1,
    createdAt: now,
    updatedAt: now,
    activeMs: 0,
    runningSince: now,
  };
}

/** The body that would make the same study again. */
export function toDefinition(study: StudyRecord): StudyDefinition {
  return {
    name: study.name,
    objectives: [...study.objectives],
    constraints: [...study.constraints, ...(study.parameterConstraints ?? [])],
    space: study.space,
    ...(study.known !== undefined && { known: study.known }),
    ...(study.priorMean !== undefined && { priorMean: study.priorMean }),
    sampler: study.sampler,
    budget: study.budget,
    ...(study.transfer !== undefined && { transfer: toTransferSpec(study.transfer) }),
    ...(study.fidelity !== undefined && { fidelity: study.fidelity }),
    ...(study.earlyStopping !== undefined && { earlyStopping: study.earlyStopping }),
    ...(study.evaluation !== null && { evaluation: study.evaluation }),
    ...(study.maxAttempts !== null && { maxAttempts: study.maxAttempts }),
    notes: study.notes,
    tags: [...study.tags],
  };
}
