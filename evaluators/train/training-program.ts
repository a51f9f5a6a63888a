/**
 * A graph compiled for one batch size: the steps of forward, loss, backward and parameter update as words in the engine's memory.
 * One call of the engine runs a whole training step.
 */
import type { Graph } from '../ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../ir/tensor.ts';
import { createEngine, type Engine, type EngineKind } from './engine.ts';
import { bits } from './kernels.ts';
import { Builder, type Slot, UnsupportedTrainingError } from './lower/builder.ts';
import { canTrain, lowerNode } from './lower/node.ts';
import { fuseClamps, trainableInitializers } from './trainable.ts';

export interface TrainingOptions {
  readonly batch: number;
  /** Use the batch's own statistics in BatchNormalization (and update the running ones), or the stored ones. */
  readonly batchNorm?: 'train' | 'frozen';
  readonly labelSmoothing?: number;
  readonly nesterov?: boolean;
  /** Zero entries keep their weight at zero. */
  readonly mask?: ReadonlyMap<string, Uint8Array>;
  /** Default: native where it can be built. */
  readonly engine?: EngineKind;
}

export interface Hyper {
  learningRate: number;
  momentum: number;
  weightDecay: number;
}

export interface TrainingProgram {
  readonly engine: Engine;
  readonly batch: number;
  /** Batch of the first graph input, row-major [batch, …]. */
  readonly input: Float32Array;
  /** One distribution over the classes per sample (one-hot for labels), [batch, classes]. */
  readonly target: Float32Array;
  /** What the loss reads: logits [batch, classes]. */
  readonly output: Float32Array;
  readonly classes: number;
  /** Forward and loss; the mean loss of the batch. */
  forward(): number;
  /** Gradients of the last forward. */
  backward(): void;
  update(hyper: Hyper): void;
  /** Current value and gradient of each trainable initializer: views that change with every step. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** The graph with the current weights and running statistics. */
  toGraph(): Graph;
}

/** Value that the loss is computed on: a final Softmax is left to the loss. */
function lossValue(graph: Graph): { readonly name: string; readonly skipped: string } {
  const output = graph.outputs[0];
  const producer = graph.nodes.find((node) => node.outputs.includes(output));
  if (producer?.op.kind === 'Softmax') {
    const shape = graph.values.get(output)?.shape ?? [];
    const axis = producer.op.axis < 0 ? producer.op.axis + shape.length : producer.op.axis;
    if (elementCount(shape.slice(axis + 1)) === 1) return { name: producer.inputs[0], skipped: producer.name };
  }
  return { name: output, skipped: '' };
}

function refuseUnsupported(graph: Graph): void {
  const bad = graph.nodes.filter((node) => !canTrain(node.op.kind));
  if (bad.length > 0) {
    const list = bad.map((node) => `${node.name} (${node.op.kind})`).join(', ');
    throw new UnsupportedTrainingError(`cannot be trained: ${list}`, bad[0].name);
  }
  if (graph.inputs.length !== 1) {
    throw new UnsupportedTrainingError(
      `a trainable graph has one input, this one has ${graph.inputs.length}`,
      graph.name,
    );
  }
}

/** Defines the run-time input with the program's batch size. */
function placeInput(b: Builder): Slot {
  const [info] = b.graph.inputs;
  const shape = [b.batch, ...info.shape.slice(1)];
  return b.define(info.name, shape, 0);
}

/** Parameters side by side, padded to whole vectors, so that one kernel updates them all. */
function placeParameters(b: Builder, names: readonly string[]) {
  const entries = names.map((name) => ({ name, value: b.graph.initializers.get(name) as Tensor<'float32'> }));
  const padded = (count: number) => Math.ceil(count / 16) * 16;
  const total = entries.reduce((sum, { value }) => sum + padded(value.data.length), 0);
  const [weights, gradients, velocity, decay] = [0, 1, 2, 3].map(() => b.arena.reserve(total));
  const decays = new Float32Array(total);
  let at = 0;
  for (const { name, value } of entries) {
    const count = value.data.length;
    b.slots.set(name, { offset: weights + 4 * at, shape: value.shape, batchAxis: -1 });
    b.parameters.set(name, { offset: weights + 4 * at, gradient: gradients + 4 * at, count });
    b.writes.push({ offset: weights + 4 * at, data: value.data });
    // Weight decay pulls on weights only: biases and normalisation scales are vectors.
    if (value.shape.length > 1) decays.fill(1, at, at + count);
    at += padded(count);
  }
  b.writes.push({ offset: decay, data: decays });
  return { weights, gradients, velocity, decay, total };
}

function placeMask(b: Builder, total: number, weights: number, mask: ReadonlyMap<string, Uint8Array>): number {
  const data = new Float32Array(total).fill(1);
  for (const [name, keep] of mask) {
    const parameter = b.parameters.get(name);
    if (parameter === undefined) continue;
    if (keep.length !== parameter.count) {
      throw new Error(`mask of ${name} has ${keep.length} entries for ${parameter.count} weights`);
    }
    data.set(keep, (parameter.offset - weights) / 4);
  }
  const offset = b.arena.reserve(total);
  b.writes.push({ offset, data });
  return offset;
}

/** Compiles a graph for training at a fixed batch size. Throws UnsupportedTrainingError naming every node without a derivative. */
export function compileTraining(graph: Graph, options: TrainingOptions): TrainingProgram {
  const { batch, mask, labelSmoothing = 0, nesterov = false, batchNorm = 'train' } = options;
  refuseUnsupported(graph);
  const engine = createEngine(options.engine);
  const trainable = trainableInitializers(graph);
  const b = new Builder(graph, {
    batch,
    training: true,
    batchNorm,
    heapBase: engine.heapBase,
    trainable: new Set(trainable),
  });
  const workspace = b.arena.reserve(engine.workspaceBytes / 4);
  const block = placeParameters(b, trainable);
  const input = placeInput(b);
  const { name: lossName, skipped } = lossValue(graph);
  for (const node of fuseClamps(graph, () => false)) if (node.name !== skipped) lowerNode(b, node);

  const output = b.slot(lossName);
  const classes = elementCount(output.shape) / batch;
  const target = b.arena.reserve(batch * classes);
  const loss = b.arena.reserve(1);
  const dy = b.gradient(lossName).offset;
  const flags = [bits(labelSmoothing), bits(1), bits(1), 0];
  b.emit('cross_entropy', output.offset, target, loss, dy, batch, classes, ...flags);
  const forward = take(b);

  b.emitBackward();
  for (const name of trainable) {
    const parameter = b.parameters.get(name);
    if (parameter !== undefined && !b.hasGradient(name)) b.emit('fill', parameter.gradient, parameter.count, 0);
  }
  const backward = take(b);

  const hyper = b.arena.reserve(4);
  const rows = [block.weights, block.gradients, block.velocity, block.decay, block.total, hyper, nesterov ? 1 : 0];
  b.emit('momentum_update', ...rows);
  if (mask !== undefined) {
    b.emit('multiply', placeMask(b, block.total, block.weights, mask), block.weights, block.total);
  }
  const update = take(b);

  const code = [forward, backward, update].map((words) => ({ words, at: b.arena.reserve(words.length) }));
  const buffer = load(engine, b, code);
  const view = (offset: number, count: number) => new Float32Array(buffer, offset, count);
  const hyperView = view(hyper, 4);
  const lossView = view(loss, 1);
  const run = (index: number) => engine.run(code[index].at, code[index].words.length, workspace);
  const entries = [...b.parameters];
  const weights = new Map(entries.map(([name, { offset, count }]) => [name, view(offset, count)]));
  return {
    engine,
    batch,
    classes,
    input: view(input.offset, elementCount(input.shape)),
    target: view(target, batch * classes),
    output: view(output.offset, batch * classes),
    forward() {
      run(0);
      return lossView[0];
    },
    backward: () => run(1),
    update({ learningRate, momentum, weightDecay }) {
      hyperView.set([learningRate, momentum, weightDecay, 1]);
      run(2);
    },
    weights,
    gradients: new Map(entries.map(([name, { gradient, count }]) => [name, view(gradient, count)])),
    toGraph() {
      const initializers = new Map(graph.initializers);
      const put = (name: string, data: Float32Array) => {
        const old = initializers.get(name);
        if (old !== undefined) initializers.set(name, tensor('float32', old.shape, data.slice()));
      };
      for (const [name, data] of weights) put(name, data);
      for (const [name, offset] of b.statistics) put(name, view(offset, b.slot(name).shape[0]));
      return { ...graph, initializers };
    },
  };
}

export interface InferenceProgram {
  readonly engine: Engine;
  readonly batch: number;
  readonly input: Float32Array;
  /** First output, [batch, …]. */
  readonly output: Float32Array;
  /** Elements of the output per sample. */
  readonly width: number;
  /** The asked inner values, [batch, …]. */
  readonly taps: ReadonlyMap<string, Float32Array>;
  run(): void;
}

/** Compiles a graph's float forward pass at a fixed batch size; `taps` names inner values to keep visible. */
export function compileInference(
  graph: Graph,
  batch: number,
  taps: readonly string[] = [],
  kind?: EngineKind,
): InferenceProgram {
  refuseUnsupported(graph);
  const engine = createEngine(kind);
  const b = new Builder(graph, {
    batch,
    training: false,
    batchNorm: 'frozen',
    heapBase: engine.heapBase,
    trainable: new Set(),
  });
  const workspace = b.arena.reserve(engine.workspaceBytes / 4);
  const input = placeInput(b);
  for (const node of fuseClamps(graph, (name) => taps.includes(name))) lowerNode(b, node);
  const output = b.slot(graph.outputs[0]);
  const words = take(b);
  const code = [{ words, at: b.arena.reserve(words.length) }];
  const buffer = load(engine, b, code);
  const count = elementCount(output.shape);
  return {
    engine,
    batch,
    input: new Float32Array(buffer, input.offset, elementCount(input.shape)),
    output: new Float32Array(buffer, output.offset, count),
    width: count / batch,
    taps: new Map(
      taps.map((name) => {
        const { offset, shape } = b.slot(name);
        return [name, new Float32Array(buffer, offset, elementCount(shape))];
      }),
    ),
    run: () => engine.run(code[0].at, words.length, workspace),
  };
}

function take(b: Builder): Int32Array {
  const words = Int32Array.from(b.words);
  b.words = [];
  return words;
}

function load(engine: Engine, b: Builder, code: readonly { words: Int32Array; at: number }[]): ArrayBuffer {
  const buffer = engine.reserve(b.arena.bytes);
  for (const { offset, data } of b.writes) {
    if (data instanceof Float32Array) new Float32Array(buffer, offset, data.length).set(data);
    else new Int32Array(buffer, offset, data.length).set(data);
  }
  for (const { words, at } of code) new Int32Array(buffer, at, words.length).set(words);
  return buffer;
}
