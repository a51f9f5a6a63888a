/**
 * The search space behind an Optuna study. Optuna keeps a distribution with every value and no space: ranges are joined over the trials,
 * and a parameter that only some trials have becomes conditional on the one whose values tell which.
 */
import type { ParameterSpec, WireParams } from '../../contract/parameter.ts';
import { badImport, type StoredDistribution, type StoredTrial } from './optuna-study.ts';

type Value = WireParams[string];

function choicesOf({ attributes }: StoredDistribution): Value[] {
  const choices = attributes['choices'];
  if (!Array.isArray(choices)) throw badImport('a categorical distribution has no choices');
  // We have no null: Optuna's None is a word.
  return choices.map((choice: unknown) =>
    typeof choice === 'string' || typeof choice === 'number' || typeof choice === 'boolean' ? choice : 'None',
  );
}

function bound(distributions: readonly StoredDistribution[], key: 'low' | 'high'): number {
  const values = distributions.map(({ attributes }) => Number(attributes[key]));
  if (!values.every(Number.isFinite)) throw badImport(`a distribution has no ${key}`);
  return key === 'low' ? Math.min(...values) : Math.max(...values);
}

function parameterOf(name: string, distributions: readonly StoredDistribution[]): ParameterSpec {
  const kinds = new Set(distributions.map((each) => each.name));
  const [first] = distributions;
  if (kinds.size !== 1 || first === undefined)
    throw badImport(`the parameter "${name}" has distributions of different kinds: ${[...kinds].join(', ')}`);
  const { attributes } = first;
  if (first.name === 'CategoricalDistribution')
    return { name, type: 'categorical', choices: [...new Set(distributions.flatMap(choicesOf))] };
  const range = { low: bound(distributions, 'low'), high: bound(distributions, 'high') };
  const isLog = attributes['log'] === true;
  const step = Number(attributes['step'] ?? 0);
  // Ranges that differ need not share a grid.
  const hasOneGrid = distributions.every((each) => each.attributes['low'] === attributes['low']);
  if (first.name === 'IntDistribution')
    return {
      name,
      type: 'int',
      ...range,
      ...(isLog && { log: true }),
      ...(step > 1 && hasOneGrid && !isLog && { step }),
    };
  if (first.name === 'FloatDistribution')
    return { name, type: 'float', ...range, ...(isLog && { log: true }), ...(step > 0 && hasOneGrid && { step }) };
  throw badImport(`the parameter "${name}" has the unknown distribution ${first.name}`);
}

/** Native values of a trial. */
export function paramsOf(trial: StoredTrial): WireParams {
  const params: Record<string, Value> = {};
  for (const { name, value, distribution } of trial.params) {
    if (distribution.name !== 'CategoricalDistribution') params[name] = value;
    else {
      const choice = choicesOf(distribution)[value];
      if (choice === undefined) throw badImport(`trial ${trial.number}: "${name}" has no choice number ${value}`);
      params[name] = choice;
    }
  }
  return params;
}

/** The parent whose values say exactly when `child` is there; undefined where none does. */
function conditionOf(child: string, parents: readonly ParameterSpec[], points: readonly WireParams[]) {
  for (const parent of parents) {
    if (parent.type === 'float') continue;
    const withChild = new Set<Value>();
    const without = new Set<Value>();
    for (const point of points) {
      const value = point[parent.name];
      if (value !== undefined) (Object.hasOwn(point, child) ? withChild : without).add(value);
    }
    const isThereWithParent = points.every(
      (point) => !Object.hasOwn(point, child) || Object.hasOwn(point, parent.name),
    );
    const decides = withChild.size > 0 && without.size > 0 && ![...withChild].some((value) => without.has(value));
    if (decides && isThereWithParent) return { param: parent.name, in: [...withChild] };
  }
  return undefined;
}

/** Parameters in the order of their first appearance, parents before children. Throws `UserError` BAD_IMPORT. */
export function optunaSpace(trials: readonly StoredTrial[]): ParameterSpec[] {
  const distributions = new Map<string, StoredDistribution[]>();
  for (const { params } of trials)
    for (const { name, distribution } of params) {
      const known = distributions.get(name) ?? [];
      known.push(distribution);
      distributions.set(name, known);
    }
  // A point that never ran may lack parameters that were not yet suggested.
  const points = trials.filter(({ state }) => state === 'COMPLETE' || state === 'PRUNED').map(paramsOf);
  const found: ParameterSpec[] = [];
  const names = [...distributions.keys()];
  const presence = new Map(names.map((name) => [name, points.filter((point) => Object.hasOwn(point, name)).length]));
  // Rarer ones hang on more frequent ones.
  const order = names.toSorted((a, b) => (presence.get(b) ?? 0) - (presence.get(a) ?? 0));
  for (const name of order) {
    const parameter = parameterOf(name, distributions.get(name) ?? []);
    const isEverywhere = presence.get(name) === points.length;
    const when = isEverywhere ? undefined : conditionOf(name, found, points);
    found.push(when === undefined ? parameter : { ...parameter, when });
  }
  if (found.length === 0) throw badImport('no trial of the study has parameters');
  return found;
}
