/** Float inference with a look at inner values: through the training engine where it knows every operator, else operator by operator. */
import type { Graph } from '../../ir/graph.ts';
import { elementCount, tensor } from '../../ir/tensor.ts';
import { interpret } from '../../ops/interpret.ts';
import { compileInference, type InferenceProgram } from '../../train/inference-program.ts';
import { UnsupportedTrainingError } from '../../train/lower/builder.ts';
import { canTrain } from '../../train/lower/node.ts';

/** Writes the normalised sample `index` into `out` at `at`. */
export type SampleSource = {
  readonly count: number;
  readonly write: (index: number, out: Float32Array, at: number) => void;
};

/** Values of one batch: `count` samples, [count, …] row-major. */
export type Visitor = (values: ReadonlyMap<string, Float32Array>, count: number, first: number) => void;

export function visitValues(
  graph: Graph,
  samples: SampleSource,
  names: readonly string[],
  visit: Visitor,
  batch = 32,
): void {
  const size = Math.min(batch, samples.count);
  const program = compiled(graph, names, size);
  if (program === null) visitReference(graph, samples, names, visit);
  else visitCompiled(graph, samples, names, visit, size, program);
}

/** Null where the engine lacks an operator, or a network mixes the samples of a batch. */
function compiled(graph: Graph, names: readonly string[], size: number): InferenceProgram | null {
  if (!graph.nodes.every((node) => canTrain(node.op.kind))) return null;
  try {
    const [{ name: input }] = graph.inputs;
    return compileInference(
      graph,
      size,
      names.filter((name) => name !== input),
    );
  } catch (error) {
    if (error instanceof UnsupportedTrainingError) return null;
    throw error;
  }
}

function visitCompiled(
  graph: Graph,
  samples: SampleSource,
  names: readonly string[],
  visit: Visitor,
  size: number,
  program: InferenceProgram,
): void {
  const input = graph.inputs[0].name;
  const width = program.input.length / size;
  for (let first = 0; first < samples.count; first += size) {
    const count = Math.min(size, samples.count - first);
    for (let i = 0; i < count; i++) samples.write(first + i, program.input, i * width);
    program.run();
    const values = new Map<string, Float32Array>();
    for (const name of names) {
      const data = name === input ? program.input : program.taps.get(name);
      if (data !== undefined) values.set(name, data.subarray(0, (data.length / size) * count));
    }
    visit(values, count, first);
  }
}

function visitReference(graph: Graph, samples: SampleSource, names: readonly string[], visit: Visitor): void {
  const [input] = graph.inputs;
  for (let index = 0; index < samples.count; index++) {
    const data = new Float32Array(elementCount(input.shape));
    samples.write(index, data, 0);
    const all = interpret(graph, new Map([[input.name, tensor('float32', input.shape, data)]]), {
      keep: new Set(names),
    });
    const values = new Map<string, Float32Array>();
    for (const name of names) {
      const value = name === input.name ? data : all.get(name)?.data;
      if (value instanceof Float32Array) values.set(name, value);
    }
    visit(values, 1, index);
  }
}
