/**
 * Sizes that a campaign's sampler knows before any training: functions of the layer widths, one set for each combination of the other
 * parameters that change the compiled network (number format, granularity). Made once when the study is created and stored with it.
 */
import {
  type BoardSpec,
  boardMetricNames,
  fitSizeFunctions,
  type Graph,
  probesFor,
  SIZE_METRICS,
  type SizeFunctions,
  type SizeMetricName,
  sizeAt,
  type WidthRange,
} from '@tinypareto/evaluators';
import type { KnownMetric, Params } from '@tinypareto/optimizer';
import type { ParameterSpec, WireParams } from '../contract/parameter.ts';
import { type CompressibleLayer, decodePlan } from '../study/decode-plan.ts';
import type { SamplerExtension } from '../study/sampler-task.ts';

/** A study whose sizes would need more compiled programs than this asks without them. */
const MOST_PROGRAMS = 400;

interface KnownSizes {
  /** Parameters that are widths, in the order of the functions' widths. */
  readonly widths: readonly string[];
  /** Parameters that choose the functions. */
  readonly choices: readonly string[];
  /** By metric name as in the study (`romBytes`, `romBytes@nano33ble`): the key of the functions' board and the metric. */
  readonly metrics: readonly { readonly name: string; readonly board: number; readonly metric: SizeMetricName }[];
  /** By the JSON of the choices' values; one set for each board. */
  readonly functions: Readonly<Record<string, readonly SizeFunctions[]>>;
}

/** Undefined when sizes are not a function of widths and choices alone. */
export function knownSizes(
  graph: Graph,
  layers: readonly CompressibleLayer[],
  parameters: readonly ParameterSpec[],
  fixed: WireParams,
  boards: readonly BoardSpec[],
): KnownSizes | undefined {
  const roles = rolesOf(parameters, layers, fixed);
  if (roles === undefined) return undefined;
  const combinations = product(roles.choices.map((parameter) => [parameter.name, choicesOf(parameter)]));
  if (combinations.length * boards.length * probesFor(roles.widths.length) > MOST_PROGRAMS) return undefined;
  const functions: Record<string, SizeFunctions[]> = {};
  for (const combination of combinations) {
    const plan = decodePlan({ ...roles.example, ...combination }, layers, fixed, 0);
    if (plan.prune?.target !== undefined || (plan.prune?.granularity ?? 'structured') !== 'structured')
      return undefined;
    if (plan.restructure !== undefined) return undefined;
    functions[keyOf(roles.choices.map(({ name }) => combination[name] ?? null))] = boards.map((board) =>
      fitSizeFunctions(graph, plan, roles.widths, board),
    );
  }
  return {
    widths: roles.widths.map(({ parameter }) => parameter),
    choices: roles.choices.map(({ name }) => name),
    metrics: boards.flatMap((_, board) =>
      SIZE_METRICS.filter((metric) =>
        Object.values(functions).every((ofBoards) => ofBoards[board]?.trusted.includes(metric)),
      ).flatMap((metric) => boardMetricNames(metric, boards, board).map((name) => ({ name, board, metric }))),
    ),
    functions,
  };
}

/** What the sampler's thread makes of the stored functions. */
export function createSamplerExtension(data: unknown): SamplerExtension {
  const { widths, choices, metrics, functions } = data as KnownSizes;
  const known = metrics.map(({ name, board, metric }): readonly [string, KnownMetric] => [
    name,
    (params: Params) => {
      const set = functions[keyOf(choices.map((choice) => params[choice]))]?.[board];
      if (set === undefined) return Number.NaN;
      return sizeAt(
        set,
        metric,
        widths.map((width) => Number(params[width])),
      );
    },
  ]);
  const knownErrors = metrics.map(({ name, board, metric }): readonly [string, number] => {
    // A study of an earlier release has stored functions without their errors.
    const errors = Object.values(functions).map((ofBoards) => ofBoards[board]?.errors?.[metric] ?? 0);
    return [name, Math.max(0, ...errors)];
  });
  return { known: new Map(known), knownErrors: new Map(knownErrors) };
}

interface Roles {
  readonly widths: readonly (WidthRange & { readonly parameter: string })[];
  readonly choices: readonly ParameterSpec[];
  /** A point of the space, every width at its highest. */
  readonly example: WireParams;
}

/** Which parameters are widths, which change the network otherwise, and which only its training; undefined when one is neither. */
function rolesOf(
  parameters: readonly ParameterSpec[],
  layers: readonly CompressibleLayer[],
  fixed: WireParams,
): Roles | undefined {
  const example = Object.fromEntries(
    parameters.flatMap((parameter) =>
      choicesOf(parameter)
        .slice(-1)
        .map((value) => [parameter.name, value]),
    ),
  );
  const networkOf = (params: WireParams): string => {
    const { prune, quantize, restructure, optimize } = decodePlan(params, layers, fixed, 0);
    const { calibration: _, calibrationSamples: __, mode: ___, ...format } = quantize ?? { format: 'float32' };
    return JSON.stringify({
      layers: prune?.layers,
      granularity: prune?.granularity,
      target: prune?.target,
      format,
      restructure,
      optimize,
    });
  };
  const widths: (WidthRange & { readonly parameter: string })[] = [];
  const choices: ParameterSpec[] = [];
  for (const parameter of parameters) {
    const layer = layers.find((_, i) => parameter.name === `width${i + 1}`);
    if (layer !== undefined && parameter.type === 'int' && parameter.when === undefined) {
      const { low, high, step = 1 } = parameter;
      widths.push({ parameter: parameter.name, layer: layer.name, low, high, step });
      continue;
    }
    const networks = choicesOf(parameter).map((value) => networkOf({ ...example, [parameter.name]: value }));
    if (networks.every((network) => network === networks[0])) continue;
    if (parameter.type !== 'categorical' || parameter.when !== undefined) return undefined;
    choices.push(parameter);
  }
  return widths.length === 0 ? undefined : { widths, choices, example };
}

/** The values of a categorical parameter; both ends of a range. */
function choicesOf(parameter: ParameterSpec): readonly WireParams[string][] {
  return parameter.type === 'categorical' ? parameter.choices : [parameter.low, parameter.high];
}

function product(axes: readonly (readonly [string, readonly WireParams[string][]])[]): WireParams[] {
  return axes.reduce<WireParams[]>(
    (points, [name, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
    [{}],
  );
}

function keyOf(values: readonly unknown[]): string {
  return JSON.stringify(values);
}
