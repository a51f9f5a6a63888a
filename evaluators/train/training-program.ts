/**
 * A graph compiled for one batch size: the steps of forward, loss, backward and parameter update as words in the engine's memory.
 * One call of the engine runs a whole pass.
 */
import type { Graph } from '../ir/graph.ts';
import { elementCount, isTensorOf, tensor } from '../ir/tensor.ts';
import { createEngine, type Engine, type EngineKind } from './engine.ts';
import { emitFakeQuant, type FakeQuantMap, type FakeQuantViews, learnedSteps } from './fake-quant.ts';
import { emitLoss, findLoss, type LossKind } from './loss.ts';
import { Builder } from './lower/builder.ts';
import { lowerNode } from './lower/node.ts';
import { loadImage, placeInput, refuseUnsupported, takeSection } from './lower/program-image.ts';
import {
  emitMissingGradients,
  emitNorm,
  emitUpdate,
  type Hyper,
  type OptimizerKind,
  placeParameters,
  writeHyper,
} from './parameter-block.ts';
import { fuseClamps, trainableInitializers } from './trainable.ts';

export { compileInference, type InferenceProgram } from './inference-program.ts';
export type { Hyper } from './parameter-block.ts';

export interface TrainingOptions {
  readonly batch: number;
  /** Use the batch's own statistics in BatchNormalization (and update the running ones), or the stored ones. */
  readonly batchNorm?: 'train' | 'frozen';
  /** Share of the new batch in the running statistics; default 0.1, as in PyTorch. */
  readonly batchNormMomentum?: number;
  readonly loss?: LossKind;
  readonly labelSmoothing?: number;
  /** Share of the loss that compares with a teacher, and the temperature of both softmaxes. */
  readonly distill?: { readonly weight: number; readonly temperature: number };
  readonly optimizer?: OptimizerKind;
  /** Zero entries keep their weight at zero. */
  readonly mask?: ReadonlyMap<string, Uint8Array>;
  /** Values and initializers to round to a quantization grid, by name. */
  readonly fakeQuant?: FakeQuantMap;
  /** Initializers to leave as they are. */
  readonly frozen?: ReadonlySet<string>;
  /** Default: native where it can be built. */
  readonly engine?: EngineKind;
}

export interface TrainingProgram {
  readonly engine: Engine;
  readonly batch: number;
  /** Batch of the first graph input, row-major [batch, …]. */
  readonly input: Float32Array;
  /** [batch, classes]: a distribution over the classes per sample (one-hot for labels), or the numbers to reach (mse, bce). */
  readonly target: Float32Array;
  /** Softened distribution of the teacher, [batch, classes]; empty without distillation. */
  readonly teacher: Float32Array;
  /** What the loss reads: [batch, classes], logits when the loss is a cross-entropy. */
  readonly output: Float32Array;
  readonly classes: number;
  /** Forward and loss; the mean loss of the batch. */
  forward(): number;
  /** Gradients of the last forward. */
  backward(): void;
  /** Euclidean norm of all gradients. */
  gradientNorm(): number;
  /** One step of the optimizer; `step` counts from 1 (Adam's bias correction). */
  update(hyper: Hyper, step?: number): void;
  /** Current value and gradient of each trainable initializer: views that change with every step. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Scales and zero points of the fake-quantized values: views; writing moves the grid. */
  readonly scales: ReadonlyMap<string, Float32Array>;
  readonly zeroPoints: ReadonlyMap<string, Float32Array>;
  /** Running statistics of BatchNormalization by initializer name: views. */
  readonly statistics: ReadonlyMap<string, Float32Array>;
  /** Weights, optimizer state and running statistics as one array; `restore` takes it back. */
  snapshot(): Float32Array;
  restore(state: Float32Array): void;
  /** The graph with the current weights and running statistics. */
  toGraph(): Graph;
}

const DEFAULT_BATCH_NORM_MOMENTUM = 0.1;

function floatInitializer(graph: Graph, name: string) {
  const value = graph.initializers.get(name);
  if (value === undefined || !isTensorOf(value, 'float32')) throw new Error(`${name} is not a float32 initializer`);
  return { name, shape: value.shape, data: value.data };
}

/** Compiles a graph for training at a fixed batch size. Throws UnsupportedTrainingError naming every node without a derivative. */
export function compileTraining(graph: Graph, options: TrainingOptions): TrainingProgram {
  const { batch, batchNorm = 'train', optimizer = 'sgd', loss: kind = 'crossEntropy' } = options;
  refuseUnsupported(graph);
  const engine = createEngine(options.engine);
  const fakeQuant: FakeQuantMap = options.fakeQuant ?? new Map();
  const names = trainableInitializers(graph).filter((name) => options.frozen?.has(name) !== true);
  const entries = [...names.map((name) => floatInitializer(graph, name)), ...learnedSteps(fakeQuant)];
  const trainable = new Set(entries.map(({ name }) => name));
  const b = new Builder(graph, {
    batch,
    training: true,
    batchNorm,
    batchNormMomentum: options.batchNormMomentum ?? DEFAULT_BATCH_NORM_MOMENTUM,
    heapBase: engine.heapBase,
    trainable,
  });
  const workspace = b.arena.reserve(engine.workspaceBytes / 4);
  const block = placeParameters(b, entries, optimizer);

  const grids = new Map<string, FakeQuantViews>();
  const quantize = (name: string) => {
    const q = fakeQuant.get(name);
    if (q !== undefined && !grids.has(name)) grids.set(name, emitFakeQuant(b, name, q));
  };
  for (const name of graph.initializers.keys()) quantize(name);
  const input = placeInput(b);
  quantize(graph.inputs[0].name);
  const place = findLoss(graph, kind);
  for (const node of fuseClamps(graph, (name) => fakeQuant.has(name))) {
    if (node.name === place.skipped) continue;
    lowerNode(b, node);
    for (const name of node.outputs) quantize(name);
  }
  const { labelSmoothing = 0, distill } = options;
  const slots = emitLoss(b, place, { kind, labelSmoothing, distill });
  const forward = takeSection(b);
  b.emitBackward();
  emitMissingGradients(b);
  const backward = takeSection(b);
  emitNorm(b, block);
  const norm = takeSection(b);
  emitUpdate(b, block, options.mask);
  const update = takeSection(b);

  const buffer = loadImage(engine, b, [forward, backward, norm, update]);
  const view = (offset: number, count: number) => new Float32Array(buffer, offset, count);
  const run = ({ words, at }: typeof forward) => engine.run(at, words.length, workspace);
  const statistics = new Map([...b.statistics].map(([name, offset]) => [name, view(offset, b.slot(name).shape[0])]));
  const state = [
    ...[block.weights, ...block.states].map((offset) => view(offset, block.total)),
    ...statistics.values(),
    ...[...grids.values()].flatMap(({ scales, zeros, count }) => [view(scales, count), view(zeros, count)]),
  ];
  const hyperRow = view(block.hyper, 8);
  const lossView = view(slots.loss, 1);
  const normView = view(block.norm, 1);
  const count = batch * slots.width;
  const gradientNorm = () => {
    run(norm);
    return Math.sqrt(normView[0]);
  };
  const views = (pick: (parameter: { offset: number; gradient: number }) => number) =>
    new Map(
      names.flatMap((name) => {
        const parameter = b.parameters.get(name);
        return parameter === undefined ? [] : [[name, view(pick(parameter), parameter.count)] as const];
      }),
    );
  const weights = views(({ offset }) => offset);
  return {
    engine,
    batch,
    classes: slots.width,
    input: view(input.offset, elementCount(input.shape)),
    target: view(slots.target, count),
    teacher: view(slots.teacher, slots.teacher === 0 ? 0 : count),
    output: view(slots.output, count),
    forward() {
      run(forward);
      return lossView[0];
    },
    backward: () => run(backward),
    gradientNorm,
    update(hyper, step = 1) {
      writeHyper(hyperRow, optimizer, hyper, step, hyper.clipNorm === undefined ? 0 : gradientNorm());
      run(update);
    },
    weights,
    statistics,
    gradients: views(({ gradient }) => gradient),
    scales: new Map([...grids].map(([name, grid]) => [name, view(grid.scales, grid.count)])),
    zeroPoints: new Map([...grids].map(([name, grid]) => [name, view(grid.zeros, grid.count)])),
    snapshot() {
      const all = new Float32Array(state.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of state) {
        all.set(part, at);
        at += part.length;
      }
      return all;
    },
    restore(saved) {
      let at = 0;
      for (const part of state) {
        part.set(saved.subarray(at, at + part.length));
        at += part.length;
      }
      if (at !== saved.length) throw new Error(`state of ${saved.length} numbers for a program that has ${at}`);
    },
    toGraph() {
      const initializers = new Map(graph.initializers);
      for (const [name, data] of [...weights, ...statistics]) {
        const old = initializers.get(name);
        if (old !== undefined) initializers.set(name, tensor('float32', old.shape, data.slice()));
      }
      return { ...graph, initializers };
    },
  };
}
