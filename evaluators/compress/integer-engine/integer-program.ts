/**
 * A quantized graph ready to run on batches of samples, with the outputs of the reference operators bit for bit. Nodes that the
 * engine has no kernel for run by their reference implementation, sample by sample.
 */
import { allocate, bitsOf, type DType, type TypedArray } from '../../ir/dtype.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { definitionOf } from '../../ops/registry.ts';
import { valueInfo } from '../graph-edit.ts';
import { EngineMemory } from './engine-memory.ts';
import { floatProgram } from './float-step.ts';
import { lowerIntegerNode } from './lower-integer.ts';

export interface IntegerProgram {
  /** Samples per call of `runBatch`. */
  readonly batch: number;
  /** The first input of every sample, [batch, …]; write here before `runBatch`. */
  readonly input: TypedArray;
  /** The first output of every sample, [batch, …]. */
  readonly output: TypedArray;
  /** Elements of the first output per sample. */
  readonly width: number;
  /** Runs the first `samples` samples. */
  runBatch(samples: number): void;
  /** One sample: inputs in the graph's order; returns copies of the outputs. */
  run(inputs: readonly Tensor[]): Tensor[];
  /** Operators that run by their reference implementation. */
  readonly fallbacks: readonly Node[];
}

const DEFAULT_BATCH = 16;
/** Activations of a batch stay below this, so that a batch of a large network is small. */
const ACTIVATION_BYTES = 64 * 1024 * 1024;

const bytesOf = (dtype: DType): number => Math.max(1, bitsOf(dtype) / 8);

interface Place {
  readonly address: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly count: number;
}

class Memory {
  readonly engine = new EngineMemory();
  readonly places = new Map<string, Place>();
  readonly graph: Graph;
  readonly batch: number;

  constructor(graph: Graph, batch: number) {
    this.graph = graph;
    this.batch = batch;
    for (const input of graph.inputs) this.#place(input.name);
    for (const node of graph.nodes) {
      const [x] = node.inputs;
      const aliased = node.op.kind === 'Reshape' ? this.places.get(x) : undefined;
      for (const output of node.outputs) {
        if (output === '') continue;
        if (aliased === undefined) this.#place(output);
        else this.places.set(output, { ...aliased, shape: valueInfo(graph, output).shape });
      }
    }
  }

  #place(name: string): void {
    const { dtype, shape } = valueInfo(this.graph, name);
    const count = elementCount(shape);
    const address = this.engine.reserve(count * bytesOf(dtype) * this.batch);
    this.places.set(name, { address, dtype, shape, count });
  }

  /** A view of `samples` samples of a value, from sample `first`. */
  view({ address, dtype, count }: Place, first: number, samples: number): TypedArray {
    const data = allocate(dtype, 0);
    const make = data.constructor as new (buffer: ArrayBuffer, at: number, length: number) => TypedArray;
    return new make(this.engine.buffer, address + first * count * data.BYTES_PER_ELEMENT, count * samples);
  }

  tensor(name: string, sample: number): Tensor | undefined {
    if (name === '') return undefined;
    const place = this.places.get(name);
    if (place === undefined) return this.graph.initializers.get(name);
    return { dtype: place.dtype, shape: place.shape, data: this.view(place, sample, 1) } as Tensor;
  }

  placeOf(name: string): Place {
    const place = this.places.get(name);
    if (place === undefined) throw new Error(`"${name}" is constant or unknown: it cannot be an input or output`);
    return place;
  }
}

function batchFor(graph: Graph): number {
  let bytes = 1;
  for (const { dtype, shape } of graph.values.values()) bytes += elementCount(shape) * bytesOf(dtype);
  return Math.max(1, Math.min(DEFAULT_BATCH, Math.floor(ACTIVATION_BYTES / bytes)));
}

type Step = (samples: number) => void;

function fallbackStep(memory: Memory, node: Node): Step {
  const definition = definitionOf(node.op.kind);
  return (samples) => {
    for (let sample = 0; sample < samples; sample++) {
      const results = definition.run(
        node.op,
        node.inputs.map((name) => memory.tensor(name, sample)),
      );
      node.outputs.forEach((name, i) => {
        if (name !== '') memory.view(memory.placeOf(name), sample, 1).set(results[i].data as never);
      });
    }
  };
}

function floatStep(memory: Memory, node: Node): Step | null {
  const program = floatProgram(memory.graph, node, memory.batch);
  if (program === null) return null;
  const { input, output, width } = program;
  return (samples) => {
    input.set(memory.view(memory.placeOf(node.inputs[0]), 0, samples) as Float32Array);
    program.run();
    memory.view(memory.placeOf(node.outputs[0]), 0, samples).set(output.subarray(0, samples * width) as never);
  };
}

export interface IntegerOptions {
  readonly batch?: number;
  /** Who computes products that stay in float: the reference operators (default), or an engine whose sums round differently. */
  readonly float?: 'reference' | 'engine';
}

export function compileInteger(graph: Graph, options: IntegerOptions = {}): IntegerProgram {
  const batch = options.batch ?? batchFor(graph);
  const memory = new Memory(graph, batch);
  const { engine } = memory;
  const lowering = { graph, memory: engine, batch, address: (name: string) => memory.places.get(name)?.address };
  const fallbacks: Node[] = [];
  const steps = graph.nodes.flatMap((node): Step[] => {
    if (node.op.kind === 'Reshape' && memory.places.has(node.inputs[0])) return [];
    const step = lowerIntegerNode(lowering, node);
    if (step !== null) return [(samples) => engine.run(step, samples)];
    fallbacks.push(node);
    return [(options.float === 'engine' ? floatStep(memory, node) : null) ?? fallbackStep(memory, node)];
  });
  const runBatch: Step = (samples) => {
    for (const step of steps) step(samples);
  };
  const input = memory.placeOf(graph.inputs[0].name);
  const output = memory.places.get(graph.outputs[0]);
  return {
    batch,
    input: memory.view(input, 0, batch),
    output: output === undefined ? new Float32Array(0) : memory.view(output, 0, batch),
    width: output?.count ?? 0,
    runBatch,
    run(inputs) {
      graph.inputs.forEach(({ name }, i) => {
        memory.view(memory.placeOf(name), 0, 1).set(inputs[i].data as never);
      });
      runBatch(1);
      return graph.outputs.map((name) => {
        const value = memory.tensor(name, 0);
        if (value === undefined) throw new Error(`the graph does not compute its output "${name}"`);
        return { ...value, data: value.data.slice() } as Tensor;
      });
    },
    fallbacks,
  };
}
