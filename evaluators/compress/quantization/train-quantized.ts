/**
 * Quantization-aware training (Jacob et al., CVPR 2018): the forward pass rounds weights and activations to the grids that the integer
 * network will have, gradients pass straight through where the grid does not saturate. BatchNormalization has to be folded. Grids follow
 * the weights and, less often, the activations until `FREEZE_AT` of the steps; then they stay, so that the last steps train exactly what is
 * deployed. With learned steps (Esser et al., "Learned step size quantization", ICLR 2020) scales are parameters instead.
 */
import type { FinetunePlan, QuantizePlan } from '../../compression-plan.ts';
import type { Graph } from '../../ir/graph.ts';
import { tensor } from '../../ir/tensor.ts';
import type { Dataset } from '../../train/data/dataset.ts';
import type { FakeQuant } from '../../train/fake-quant.ts';
import { type FinetuneOptions, type FinetuneResult, finetune, type Observer } from '../../train/finetune.ts';
import type { TrainingProgram } from '../../train/training-program.ts';
import type { Affine } from './affine.ts';
import { calibrate } from './calibrate.ts';
import { calibrationSamples } from './calibration-samples.ts';
import { gridOf, type Layer, layersOf } from './choose-weights.ts';
import type { SampleSource } from './float-inference.ts';
import { firstWeightNames, forScaledInput, inputScale, withScaledInput } from './input-scale.ts';
import { activationGrids, keepsScale } from './quantize-graph.ts';
import { type QuantizedWeight, type WeightGrid, weightOnGrid } from './weight-quantizer.ts';

export interface QuantizedTraining {
  readonly graph: Graph;
  /** By node name. */
  readonly weights: ReadonlyMap<string, QuantizedWeight>;
  /** By value name. */
  readonly activations: ReadonlyMap<string, Affine>;
  readonly result: FinetuneResult;
}

/** Share of the steps after which the grids no longer move. */
const FREEZE_AT = 0.75;
/** How often grids are looked at anew until then: those of the weights, and those of the activations. */
const WEIGHT_LOOKS = 24;
const ACTIVATION_LOOKS = 3;
/** A learned scale does not fall below this share of where it began. */
const LEAST_SCALE = 0.1;

function fakeQuantOfWeight(grid: WeightGrid, learnScale: boolean): FakeQuant {
  return {
    scale: grid.scales,
    zeroPoint: Float32Array.from(grid.zeros),
    qmin: grid.low,
    qmax: grid.high,
    ...(grid.axis === null ? {} : { axis: grid.axis }),
    learnScale,
  };
}

function fakeQuantOfActivation({ dtype, scale, zero }: Affine, learnScale: boolean): FakeQuant {
  const [qmin, qmax] = dtype === 'int8' ? [-128, 127] : [0, 255];
  return { scale: Float32Array.of(scale), zeroPoint: Float32Array.of(zero), qmin, qmax, learnScale };
}

/** The grids of one training, as they move. */
class Grids implements Observer {
  readonly weights: Map<string, WeightGrid>;
  activations: Map<string, Affine>;
  readonly #graph: Graph;
  readonly #plan: QuantizePlan;
  readonly #samples: SampleSource;
  readonly #layers: readonly Layer[];

  constructor(graph: Graph, plan: QuantizePlan, samples: SampleSource) {
    this.#graph = graph;
    this.#plan = plan;
    this.#samples = samples;
    this.#layers = layersOf(graph, plan);
    this.weights = new Map(this.#layers.map((layer) => [layer.node.inputs[1], gridOf(layer)]));
    this.activations = this.#activationsOf(graph);
  }

  /** Grids of the activations that are rounded anew: moved elements keep the grid of where they come from. */
  #activationsOf(graph: Graph): Map<string, Affine> {
    const ranges = calibrate(graph, this.#samples, this.#plan.calibration);
    const all = activationGrids(graph, ranges, this.#plan);
    const moved = new Set(
      this.#graph.nodes
        .filter((node) => keepsScale(node.op) && all.has(node.inputs[0]))
        .flatMap((node) => node.outputs),
    );
    return new Map([...all].filter(([name]) => !moved.has(name)));
  }

  fakeQuant(learnScale: boolean): Map<string, FakeQuant> {
    return new Map<string, FakeQuant>([
      ...[...this.weights].map(([name, grid]) => [name, fakeQuantOfWeight(grid, learnScale)] as const),
      ...[...this.activations].map(([name, affine]) => [name, fakeQuantOfActivation(affine, learnScale)] as const),
    ]);
  }

  /** Few levels keep their first grid: a clipping chosen anew would move every weight. */
  followWeights(program: TrainingProgram): void {
    for (const layer of this.#layers) {
      if (layer.format === 'int4') continue;
      const name = layer.node.inputs[1];
      const data = program.weights.get(name);
      if (data === undefined) continue;
      const grid = gridOf({ ...layer, weight: { dtype: 'float32', shape: layer.weight.shape, data } });
      this.weights.set(name, grid);
      program.scales.get(name)?.set(grid.scales);
      program.zeroPoints.get(name)?.set(grid.zeros);
    }
  }

  followActivations(program: TrainingProgram): void {
    this.activations = this.#activationsOf(program.toGraph());
    for (const [name, { scale, zero }] of this.activations) {
      program.scales.get(name)?.set([scale]);
      program.zeroPoints.get(name)?.set([zero]);
    }
  }

  /** Learned scales take the place of those that the training began with. */
  learned(scales: ReadonlyMap<string, Float32Array>): void {
    for (const [name, grid] of this.weights)
      this.weights.set(name, { ...grid, scales: scales.get(name) ?? grid.scales });
    for (const [name, affine] of this.activations) {
      this.activations.set(name, { ...affine, scale: scales.get(name)?.[0] ?? affine.scale });
    }
  }

  save(): Float64Array {
    const weights = [...this.weights.values()].flatMap(({ scales, zeros }) => [...scales, ...zeros]);
    return Float64Array.from([
      ...weights,
      ...[...this.activations.values()].flatMap(({ scale, zero }) => [scale, zero]),
    ]);
  }

  restore(saved: Float64Array): void {
    let at = 0;
    const take = (count: number): Float64Array => {
      at += count;
      return saved.subarray(at - count, at);
    };
    for (const [name, grid] of this.weights) {
      const scales = Float32Array.from(take(grid.scales.length));
      this.weights.set(name, { ...grid, scales, zeros: Int32Array.from(take(grid.zeros.length)) });
    }
    for (const [name, affine] of this.activations) {
      const [scale, zero] = take(2);
      this.activations.set(name, { ...affine, scale, zero });
    }
  }

  weightsOf(graph: Graph): Map<string, QuantizedWeight> {
    return new Map(
      this.#layers.flatMap(({ node }) => {
        const weight = graph.initializers.get(node.inputs[1]);
        const grid = this.weights.get(node.inputs[1]);
        return weight === undefined || grid === undefined ? [] : [[node.name, weightOnGrid(weight, grid)] as const];
      }),
    );
  }
}

/** Keeps learned scales positive and away from zero, where every value would saturate. */
function boundScales(program: TrainingProgram, first: ReadonlyMap<string, FakeQuant>): void {
  for (const [name, scales] of program.scales) {
    const start = first.get(name)?.scale;
    if (start === undefined || typeof start === 'number') continue;
    for (let i = 0; i < scales.length; i++) scales[i] = Math.max(scales[i], LEAST_SCALE * start[i]);
  }
}

function looksAt(step: number, steps: number, looks: number): boolean {
  const every = Math.max(1, Math.floor((FREEZE_AT * steps) / looks));
  return step > 0 && step <= FREEZE_AT * steps && step % every === 0;
}

/**
 * Trains a folded float graph on the grids of `plan`. Throws what `finetune` throws. `options.observer` is this function's own; `train` may
 * be a `finetune` with a memory.
 */
export async function trainQuantized(
  graph: Graph,
  dataset: Dataset,
  plan: QuantizePlan,
  finetunePlan: FinetunePlan,
  options: FinetuneOptions,
  train: typeof finetune = finetune,
): Promise<QuantizedTraining> {
  const input = graph.inputs[0].name;
  const range = calibrate(graph, calibrationSamples(dataset, plan), 'minmax', [input]).get(input);
  const scale = range === undefined ? 1 : inputScale(range);
  const scaled = scale === 1 ? null : forScaledInput(graph, scale);
  const teacher = options.teacher === undefined ? undefined : forScaledInput(options.teacher, scale);
  if (scaled === null || teacher === null) return trainOnGrids(graph, dataset, plan, finetunePlan, options, train);
  const scaledOptions = { ...options, ...(teacher === undefined ? {} : { teacher }) };
  const data = withScaledInput(dataset, scale);
  const trained = await trainOnGrids(scaled, data, plan, finetunePlan, scaledOptions, train);
  const first = firstWeightNames(graph);
  const weights = new Map(trained.weights);
  for (const node of graph.nodes) {
    const weight = weights.get(node.name);
    if (weight === undefined || !first.has(node.inputs[1])) continue;
    const scales = weight.scale.data.map((each) => each / scale);
    weights.set(node.name, { ...weight, scale: tensor('float32', weight.scale.shape, scales) });
  }
  const activations = new Map(trained.activations);
  const affine = activations.get(input);
  if (affine !== undefined) activations.set(input, { ...affine, scale: affine.scale * scale });
  return { ...trained, weights, activations, graph: forScaledInput(trained.graph, 1 / scale) ?? trained.graph };
}

async function trainOnGrids(
  graph: Graph,
  dataset: Dataset,
  plan: QuantizePlan,
  finetunePlan: FinetunePlan,
  options: FinetuneOptions,
  train: typeof finetune,
): Promise<QuantizedTraining> {
  const learnScale = plan.learnSteps === true;
  const grids = new Grids(graph, plan, calibrationSamples(dataset, plan));
  const fakeQuant = grids.fakeQuant(learnScale);
  const result = await train(graph, dataset, finetunePlan, {
    ...options,
    batchNorm: 'frozen',
    fakeQuant,
    observer: grids,
    beforeStep(program, step, steps) {
      if (learnScale) boundScales(program, fakeQuant);
      else {
        if (looksAt(step, steps, WEIGHT_LOOKS)) grids.followWeights(program);
        if (looksAt(step, steps, ACTIVATION_LOOKS)) grids.followActivations(program);
      }
      return options.beforeStep?.(program, step, steps);
    },
  });
  if (learnScale) grids.learned(result.scales);
  return { graph: result.graph, weights: grids.weightsOf(result.graph), activations: grids.activations, result };
}
