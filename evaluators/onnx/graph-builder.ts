/**
 * Collects the nodes of a graph while a model is read. Operators whose inputs are all constant are computed on the spot, so that
 * shapes, axes and the like are known when a later node needs them. DequantizeLinear is kept: its constant integer input is the
 * quantized weight.
 */
import type { Graph, Node, ValueInfo } from '../ir/graph.ts';
import type { Op } from '../ir/op.ts';
import { elementCount, type Tensor } from '../ir/tensor.ts';
import { inferTypes, runOp } from '../ops/evaluate-node.ts';
import type { TensorType } from '../ops/op-definition.ts';
import { foldingWork } from './folding-work.ts';
import { OnnxImportError, ProblemFound } from './import-error.ts';
import type { ImportLimits } from './limits.ts';

/** A value of the graph under construction; `constant` when it is known already. */
export interface Value {
  readonly name: string;
  readonly type: TensorType;
  readonly constant?: Tensor;
  /** A list of tensors that exists only while the model is read; `name` and `type` then mean nothing. */
  readonly sequence?: readonly Value[];
}

/** Hands out names, each once. */
class NameSource {
  readonly #taken: Set<string>;
  /** The last number tried behind a base, so that many equal bases do not take quadratic time. */
  readonly #counts = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  fresh(base: string): string {
    let name = base;
    let count = this.#counts.get(base) ?? 0;
    while (name === '' || this.#taken.has(name)) name = `${base === '' ? 'unnamed' : base}_${++count}`;
    this.#counts.set(base, count);
    this.#taken.add(name);
    return name;
  }
}

export class GraphBuilder {
  readonly limits: ImportLimits;
  readonly #nodes: Node[] = [];
  readonly #inputs: ValueInfo[] = [];
  readonly #values = new Map<string, ValueInfo>();
  readonly #constants = new Map<string, Tensor>();
  readonly #sources = new Map<string, readonly string[]>();
  readonly #valueNames: NameSource;
  readonly #nodeNames = new NameSource([]);
  #foldedElements = 0;
  #foldingWork = 0;
  #visitedNodes = 0;

  /** Names in `reservedValues` are never given to values that the importer makes up. */
  constructor(limits: ImportLimits, reservedValues: Iterable<string>) {
    this.limits = limits;
    this.#valueNames = new NameSource(reservedValues);
  }

  /** `base`, or `base` with a number behind it, such that no other value has the name. */
  freshValueName(base: string): string {
    return this.#valueNames.fresh(base);
  }

  freshNodeName(base: string): string {
    return this.#nodeNames.fresh(base);
  }

  /** Throws `OnnxImportError` when the model, with functions inlined and loops unrolled, has too many nodes to go on. */
  countNode(): void {
    if (++this.#visitedNodes <= this.limits.nodes) return;
    const message = `functions, loops and subgraphs unfold to more than ${this.limits.nodes} nodes`;
    throw new OnnxImportError([
      { code: 'TOO_LARGE', message, where: 'graph', hint: 'Such a network does not fit a microcontroller.' },
    ]);
  }

  addInput(info: ValueInfo): Value {
    this.#inputs.push(info);
    return this.#define(info.name, info);
  }

  addConstant(name: string, constant: Tensor): Value {
    this.#constants.set(name, constant);
    return { ...this.#define(name, constant), constant };
  }

  #define(name: string, { dtype, shape }: TensorType): Value {
    this.#values.set(name, { name, dtype, shape });
    return { name, type: { dtype, shape } };
  }

  /** Adds a node, or its results when they are constant. `outputs` may be shorter than what the operator offers; '' = unused. */
  emit(nodeName: string, op: Op, inputs: readonly (Value | undefined)[], outputs: readonly string[]): Value[] {
    if (inputs.some((input) => input?.sequence !== undefined)) {
      throw new ProblemFound('BAD_NODE', 'one of its inputs is a sequence of tensors', 'Export the model again.');
    }
    const types = this.#checkedTypes(op, inputs);
    if (outputs.length > types.length) {
      throw new ProblemFound(
        'BAD_NODE',
        `it has ${outputs.length} outputs, at most ${types.length} are possible`,
        'Export the model again.',
      );
    }
    const constants = inputs.map((input) => input?.constant);
    const known = inputs.every((input) => input === undefined || input.constant !== undefined);
    if (known && op.kind !== 'DequantizeLinear') {
      this.#countFolded(types.slice(0, outputs.length));
      this.#foldingWork += foldingWork(op, constants, types);
      if (this.#foldingWork > this.limits.foldingWork) throw tooMuchFolding();
      const results = runOp(op, constants);
      return outputs.map((name, i) => this.addConstant(name, results[i]));
    }
    const names = inputs.map((input) => input?.name ?? '');
    while (names.length > 0 && names.at(-1) === '') names.pop();
    this.#nodes.push({ name: this.freshNodeName(nodeName), op, inputs: names, outputs });
    return outputs.map((name, i) => {
      if (name !== '') this.#sources.set(name, names);
      return this.#define(name, types[i]);
    });
  }

  #checkedTypes(op: Op, inputs: readonly (Value | undefined)[]): readonly TensorType[] {
    let types: readonly TensorType[];
    try {
      types = inferTypes(
        op,
        inputs.map((input) => input?.type),
      );
    } catch (error) {
      throw new ProblemFound(
        'BAD_SHAPE',
        error instanceof Error ? error.message : String(error),
        'Correct the node, or export the model again.',
      );
    }
    for (const { shape } of types) {
      if (shape.length > this.limits.rank || !(elementCount(shape) <= this.limits.tensorElements)) {
        throw new ProblemFound(
          'TOO_LARGE',
          `its result of shape [${shape.join(', ')}] is too large`,
          'No microcontroller can hold such a tensor.',
        );
      }
    }
    return types;
  }

  #countFolded(types: readonly TensorType[]): void {
    for (const { shape } of types) this.#foldedElements += elementCount(shape);
    if (this.#foldedElements > this.limits.foldedElements) {
      throw tooMuchFolding();
    }
  }

  /** The graph inputs that `name` is computed from. */
  inputsBehind(name: string): string[] {
    const found = new Set<string>();
    const seen = new Set<string>([name]);
    const queue = [name];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (this.#inputs.some((input) => input.name === next)) found.add(next);
      for (const source of this.#sources.get(next) ?? []) {
        if (!seen.has(source)) queue.push(source);
        seen.add(source);
      }
    }
    return this.#inputs.map((input) => input.name).filter((input) => found.has(input));
  }

  /** The finished graph; only constants that are read become initializers. */
  build(name: string, outputs: readonly string[]): Graph {
    const read = new Set(outputs);
    for (const { inputs } of this.#nodes) for (const input of inputs) read.add(input);
    const initializers = new Map([...this.#constants].filter(([constant]) => read.has(constant)));
    const values = new Map(
      [...this.#values].filter(([value]) => value !== '' && (!this.#constants.has(value) || read.has(value))),
    );
    return { name, inputs: this.#inputs, outputs, nodes: this.#nodes, initializers, values };
  }
}

function tooMuchFolding(): ProblemFound {
  return new ProblemFound(
    'TOO_LARGE',
    'computing the constant parts of the graph takes too much',
    'Export the model again with constant folding.',
  );
}
