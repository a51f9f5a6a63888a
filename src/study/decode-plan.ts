/**
 * The one place that knows both a search parameter and a compression knob: a trial's params become a compression plan.
 * The vocabulary (docs/search-spaces.md): per layer n = 1, 2, … in network order `width{n}` (structures kept), `sparsity{n}` (share
 * removed), `format{n}`, `restructure{n}`, `rank{n}`, `kernel{n}`; for the network the names in `KNOBS`.
 */
import type {
  Calibration,
  CompressionPlan,
  FinetunePlan,
  LayerPrune,
  NumberFormat,
  OptimizeGoal,
  PruneHeuristic,
  PrunePlan,
  QuantizePlan,
  Restructure,
  SizeMetric,
} from '@tinypareto/evaluators';
import type { Params, ParamValue } from '@tinypareto/optimizer';
import { UserError } from '../errors.ts';

/** A layer whose structures (output channels, neurons) can be removed, in network order. */
export interface CompressibleLayer {
  readonly name: string;
  readonly structures: number;
  readonly kind: 'conv' | 'dense' | 'recurrent';
  /** What `restructure{n}` may be beside `none`; absent = only `depthwiseSeparable`. */
  readonly restructures?: readonly { readonly name: string; readonly change: Restructure }[];
}

const SEPARABLE = [{ name: 'depthwiseSeparable', change: 'depthwiseSeparable' }] as const;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Draft {
  prune: Writable<PrunePlan>;
  pruneLayers: Record<string, LayerPrune>;
  steps: number;
  schedule: 'oneShot' | 'iterative' | 'agp';
  target: { metric: SizeMetric; remove: number };
  finetune: Writable<FinetunePlan>;
  quantize: Writable<QuantizePlan>;
  formatLayers: Record<string, NumberFormat>;
  restructure: Record<string, Restructure>;
  optimize: OptimizeGoal;
  weights: 'flash' | 'ram';
  supernetEpochs: number;
}

type Knob = (draft: Draft, value: ParamValue, where: string) => void;

function numberKnob(low: number, high: number, apply: (draft: Draft, value: number) => void): Knob {
  return (draft, value, where) => {
    if (typeof value !== 'number' || !(value >= low && value <= high))
      throw badValue(where, `a number from ${low} to ${high}`, value);
    apply(draft, value);
  };
}

function choiceKnob<T extends string>(choices: readonly T[], apply: (draft: Draft, value: T) => void): Knob {
  return (draft, value, where) => {
    const choice = choices.find((each) => each === value);
    if (choice === undefined) throw badValue(where, `one of ${choices.join(', ')}`, value);
    apply(draft, choice);
  };
}

function switchKnob(apply: (draft: Draft, on: boolean) => void): Knob {
  return choiceKnob<'on' | 'off'>(['on', 'off'], (draft, value) => apply(draft, value === 'on'));
}

function badValue(where: string, expected: string, value: ParamValue): UserError {
  return new UserError({
    code: 'BAD_PARAM_VALUE',
    message: `${where} must be ${expected}, not ${JSON.stringify(value)}`,
    where,
    status: 422,
  });
}

const FORMATS: readonly NumberFormat[] = ['float32', 'float16', 'int8', 'uint8', 'int4', 'codebook'];

/** Knobs of the whole network. */
const KNOBS: Readonly<Record<string, Knob>> = {
  sparsity: numberKnob(0, 0.9999, (draft, value) => {
    draft.target.remove = value;
  }),
  pruneMetric: choiceKnob<SizeMetric>(['params', 'macs', 'romBytes', 'ramBytes', 'latencyUs'], (draft, value) => {
    draft.target.metric = value;
  }),
  granularity: choiceKnob<PrunePlan['granularity']>(['structured', 'element', 'nm'], (draft, value) => {
    draft.prune.granularity = value;
  }),
  heuristic: choiceKnob<PruneHeuristic>(
    ['l1', 'l2', 'gradient', 'apoz', 'attribution', 'random', 'level'],
    (draft, value) => {
      draft.prune.heuristic = value;
    },
  ),
  schedule: choiceKnob<Draft['schedule']>(['oneShot', 'iterative', 'agp'], (draft, value) => {
    draft.schedule = value;
  }),
  steps: numberKnob(1, 100, (draft, value) => {
    draft.steps = value;
  }),
  roundTo: numberKnob(1, 64, (draft, value) => {
    draft.prune.roundTo = value;
  }),
  n: numberKnob(1, 16, (draft, value) => {
    draft.prune.n = value;
  }),
  m: numberKnob(1, 16, (draft, value) => {
    draft.prune.m = value;
  }),
  epochs: numberKnob(0, 1000, (draft, value) => {
    draft.finetune.epochs = value;
  }),
  optimize: choiceKnob<OptimizeGoal>(['balanced', 'ram', 'speed'], (draft, value) => {
    draft.optimize = value;
  }),
  optimizer: choiceKnob<FinetunePlan['optimizer']>(['sgd', 'nesterov', 'adam', 'adamw'], (draft, value) => {
    draft.finetune.optimizer = value;
  }),
  learningRate: numberKnob(0, 10, (draft, value) => {
    draft.finetune.learningRate = value;
  }),
  momentum: numberKnob(0, 0.9999, (draft, value) => {
    draft.finetune.momentum = value;
  }),
  weightDecay: numberKnob(0, 1, (draft, value) => {
    draft.finetune.weightDecay = value;
  }),
  batchSize: numberKnob(1, 4096, (draft, value) => {
    draft.finetune.batchSize = value;
  }),
  lrSchedule: choiceKnob<NonNullable<FinetunePlan['schedule']>>(
    ['constant', 'step', 'cosine', 'plateau', 'oneCycle'],
    (draft, value) => {
      draft.finetune.schedule = value;
    },
  ),
  distill: numberKnob(0, 1, (draft, value) => {
    draft.finetune.distill = value;
  }),
  labelSmoothing: numberKnob(0, 0.9, (draft, value) => {
    draft.finetune.labelSmoothing = value;
  }),
  format: choiceKnob(FORMATS, (draft, value) => {
    draft.quantize.format = value;
  }),
  mode: choiceKnob<'ptq' | 'qat'>(['ptq', 'qat'], (draft, value) => {
    draft.quantize.mode = value;
  }),
  weightGranularity: choiceKnob<'tensor' | 'channel'>(['tensor', 'channel'], (draft, value) => {
    draft.quantize.granularity = value;
  }),
  calibration: choiceKnob<Calibration>(['minmax', 'movingAverage', 'percentile', 'mse', 'entropy'], (draft, value) => {
    draft.quantize.calibration = value;
  }),
  calibrationSamples: numberKnob(1, 100_000, (draft, value) => {
    draft.quantize.calibrationSamples = value;
  }),
  biasCorrection: switchKnob((draft, on) => {
    draft.quantize.biasCorrection = on;
  }),
  equalize: switchKnob((draft, on) => {
    draft.quantize.equalize = on;
  }),
  adaptiveRounding: switchKnob((draft, on) => {
    draft.quantize.adaptiveRounding = on;
  }),
  learnSteps: switchKnob((draft, on) => {
    draft.quantize.learnSteps = on;
  }),
  qatShare: numberKnob(0.01, 1, (draft, value) => {
    draft.quantize.qatShare = value;
  }),
  codebookSize: numberKnob(2, 256, (draft, value) => {
    draft.quantize.codebookSize = Math.round(value);
  }),
  fallback: choiceKnob<'float' | 'none'>(['float', 'none'], (draft, value) => {
    draft.quantize.fallback = value;
  }),
  supernetEpochs: numberKnob(0, 1000, (draft, value) => {
    draft.supernetEpochs = value;
  }),
  weights: choiceKnob<'flash' | 'ram'>(['flash', 'ram'], (draft, value) => {
    draft.weights = value;
  }),
};

/** Knobs of single layers, by the letters before the layer's number. */
const LAYER_KNOBS: Readonly<
  Record<string, (draft: Draft, layer: CompressibleLayer, value: ParamValue, where: string) => void>
> = {
  width: (draft, layer, value, where) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > layer.structures) {
      throw badValue(where, `a whole number from 1 to ${layer.structures}`, value);
    }
    if (value < layer.structures) draft.pruneLayers[layer.name] = { keep: value };
  },
  sparsity: (draft, layer, value, where) => {
    if (typeof value !== 'number' || !(value >= 0 && value < 1))
      throw badValue(where, 'a share from 0 to below 1', value);
    if (value > 0) draft.pruneLayers[layer.name] = value;
  },
  format: (draft, layer, value, where) => {
    const format = FORMATS.find((each) => each === value);
    if (format === undefined) throw badValue(where, `one of ${FORMATS.join(', ')}`, value);
    draft.formatLayers[layer.name] = format;
  },
  restructure: (draft, layer, value, where) => {
    if (value === 'none') return;
    const choices = layer.restructures ?? SEPARABLE;
    const choice = choices.find(({ name }) => name === value);
    if (choice === undefined) {
      throw badValue(where, `one of none, ${choices.map(({ name }) => name).join(', ')}`, value);
    }
    draft.restructure[layer.name] = choice.change;
  },
  rank: (draft, layer, value, where) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw badValue(where, 'a whole number, 0 = not decomposed', value);
    if (value > 0) draft.restructure[layer.name] = { lowRank: value };
  },
  kernel: (draft, layer, value, where) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw badValue(where, 'a whole number, 0 = unchanged', value);
    if (value > 0) draft.restructure[layer.name] = { kernel: value };
  },
};

function applyKnob(draft: Draft, name: string, value: ParamValue, layers: readonly CompressibleLayer[]): void {
  const knob = Object.hasOwn(KNOBS, name) ? KNOBS[name] : undefined;
  if (knob !== undefined) {
    knob(draft, value, name);
    return;
  }
  const perLayer = /^([a-z]+)(\d+)$/.exec(name);
  const [, stem = '', number = '0'] = perLayer ?? [];
  const layerKnob = Object.hasOwn(LAYER_KNOBS, stem) ? LAYER_KNOBS[stem] : undefined;
  if (layerKnob === undefined) {
    throw new UserError({
      code: 'UNKNOWN_PARAM',
      message: `the compression plan has no knob named "${name}"`,
      where: name,
      hint: `network knobs: ${Object.keys(KNOBS).join(', ')}; layer knobs: ${Object.keys(LAYER_KNOBS)
        .map((each) => `${each}1…${each}${layers.length}`)
        .join(', ')}`,
      status: 422,
    });
  }
  const layer = layers[Number(number) - 1];
  if (layer === undefined) {
    throw new UserError({
      code: 'UNKNOWN_LAYER',
      message: `"${name}" names layer ${number}, but the network has ${layers.length} compressible layers`,
      where: name,
      hint: layers.map((each, index) => `${index + 1} = ${each.name} (${each.structures})`).join(', '),
      status: 422,
    });
  }
  layerKnob(draft, layer, value, name);
}

/**
 * The compression plan of a trial. `fixed` are knobs that the study sets for all trials (same vocabulary, overridden by params).
 * Throws `UserError` (422) naming the parameter when a name or value means nothing here.
 */
export function decodePlan(
  params: Params,
  layers: readonly CompressibleLayer[],
  fixed: Params = {},
  seed = 0,
): CompressionPlan {
  const draft: Draft = {
    prune: { granularity: 'structured', heuristic: 'l1' },
    pruneLayers: {},
    steps: 1,
    schedule: 'oneShot',
    target: { metric: 'params', remove: 0 },
    finetune: { epochs: 0, optimizer: 'sgd', learningRate: 0.01 },
    quantize: { format: 'float32' },
    formatLayers: {},
    restructure: {},
    optimize: 'balanced',
    weights: 'flash',
    supernetEpochs: 0,
  };
  for (const [name, value] of Object.entries({ ...fixed, ...params })) applyKnob(draft, name, value, layers);

  const hasLayers = Object.keys(draft.pruneLayers).length > 0;
  const hasTarget = draft.target.remove > 0;
  const prune: PrunePlan = {
    ...draft.prune,
    schedule: { kind: draft.schedule, steps: draft.schedule === 'oneShot' ? 1 : draft.steps },
    ...(hasLayers ? { layers: draft.pruneLayers } : {}),
    ...(hasTarget ? { target: draft.target } : {}),
  };
  return {
    ...(hasLayers || hasTarget || draft.prune.granularity === 'nm' ? { prune } : {}),
    ...(Object.keys(draft.restructure).length > 0 ? { restructure: draft.restructure } : {}),
    ...(draft.finetune.epochs > 0 ? { finetune: draft.finetune } : {}),
    quantize: {
      ...draft.quantize,
      ...(Object.keys(draft.formatLayers).length > 0 ? { layers: draft.formatLayers } : {}),
    },
    ...(draft.supernetEpochs > 0 && (hasLayers || hasTarget) ? { supernet: { epochs: draft.supernetEpochs } } : {}),
    ...(draft.optimize === 'balanced' ? {} : { optimize: draft.optimize }),
    place: { weights: draft.weights },
    seed,
  };
}
