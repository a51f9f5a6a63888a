/**
 * A mutable copy of a graph for the time of one pass. Nodes keep their place in the order; a replacement takes the place of the node
 * it replaces, so the order stays topological as long as it reads only values that were there before.
 */
import type { Graph, Node, ValueInfo } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import { inferTypes } from '../ops/evaluate-node.ts';
import type { TensorType } from '../ops/op-definition.ts';

export class GraphEditor {
  readonly #graph: Graph;
  /** One entry per original node: what stands in its place now. */
  readonly #slots: Node[][];
  readonly #slotOf = new Map<Node, number>();
  readonly #producers = new Map<string, Node>();
  readonly #readers = new Map<string, Set<Node>>();
  readonly #types = new Map<string, TensorType>();
  readonly #initializers: Map<string, Tensor>;
  readonly #outputs: Set<string>;
  readonly #nodeNames = new Set<string>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#initializers = new Map(graph.initializers);
    this.#outputs = new Set(graph.outputs);
    for (const [name, { dtype, shape }] of graph.values) this.#types.set(name, { dtype, shape });
    this.#slots = graph.nodes.map((node) => [node]);
    graph.nodes.forEach((node, slot) => {
      this.#attach(node, slot);
    });
  }

  #attach(node: Node, slot: number): void {
    this.#slotOf.set(node, slot);
    this.#nodeNames.add(node.name);
    for (const name of node.outputs) if (name !== '') this.#producers.set(name, node);
    for (const name of node.inputs) {
      if (name === '') continue;
      const readers = this.#readers.get(name) ?? new Set();
      this.#readers.set(name, readers.add(node));
    }
  }

  #detach(node: Node): number {
    const slot = this.#slotOf.get(node);
    if (slot === undefined) throw new Error(`node ${JSON.stringify(node.name)} is not in the graph`);
    this.#slotOf.delete(node);
    this.#nodeNames.delete(node.name);
    for (const name of node.outputs) if (this.#producers.get(name) === node) this.#producers.delete(name);
    for (const name of node.inputs) this.#readers.get(name)?.delete(node);
    return slot;
  }

  /** The nodes as they were when the pass began, without those that are gone by the time they are reached. */
  *nodes(): Generator<Node> {
    for (const slot of this.#slots.keys()) {
      for (const node of [...this.#slots[slot]]) if (this.#slotOf.has(node)) yield node;
    }
  }

  producerOf(name: string): Node | undefined {
    return this.#producers.get(name);
  }

  readersOf(name: string): readonly Node[] {
    return [...(this.#readers.get(name) ?? [])];
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name);
  }

  /** The only node that reads `name`; undefined when there are several, or when it is an output of the graph. */
  soleReader(name: string): Node | undefined {
    const readers = this.#readers.get(name);
    if (readers === undefined || readers.size !== 1 || this.isOutput(name)) return undefined;
    const [reader] = readers;
    return reader.inputs.filter((input) => input === name).length === 1 ? reader : undefined;
  }

  /** The producer of `name` when nothing else reads `name`, so that it may be merged into its reader. */
  soleProducer(name: string): Node | undefined {
    return this.soleReader(name) === undefined ? undefined : this.#producers.get(name);
  }

  constant(name: string | undefined): Tensor | undefined {
    return name === undefined ? undefined : this.#initializers.get(name);
  }

  typeOf(name: string): TensorType {
    const type = this.#types.get(name);
    if (type === undefined) throw new Error(`value ${JSON.stringify(name)} has no type`);
    return type;
  }

  /** Adds a constant under a new name. */
  addConstant(base: string, tensor: Tensor): string {
    const name = this.freshValueName(base);
    this.#initializers.set(name, tensor);
    this.#types.set(name, tensor);
    return name;
  }

  /** Makes the existing value `name`, whose producer is gone, a constant. */
  setConstant(name: string, tensor: Tensor): void {
    this.#initializers.set(name, tensor);
  }

  freshValueName(base: string): string {
    let name = base;
    for (let count = 1; this.#types.has(name); count++) name = `${base}_${count}`;
    return name;
  }

  freshNodeName(base: string): string {
    let name = base;
    for (let count = 1; this.#nodeNames.has(name); count++) name = `${base}_${count}`;
    return name;
  }

  remove(node: Node): void {
    const slot = this.#detach(node);
    this.#slots[slot] = this.#slots[slot].filter((other) => other !== node);
  }

  /** Puts `replacements` in the place of `node`; their types are inferred. */
  replace(node: Node, ...replacements: readonly Node[]): void {
    const slot = this.#detach(node);
    this.#slots[slot] = this.#slots[slot].flatMap((other) => (other === node ? replacements : [other]));
    for (const replacement of replacements) {
      const types = inferTypes(
        replacement.op,
        replacement.inputs.map((name) => (name === '' ? undefined : this.typeOf(name))),
      );
      replacement.outputs.forEach((name, i) => {
        if (name !== '') this.#types.set(name, types[i]);
      });
      this.#attach(replacement, slot);
    }
  }

  /** Lets every reader of `from` read `to`. */
  redirect(from: string, to: string): void {
    for (const reader of this.readersOf(from)) {
      this.replace(reader, { ...reader, inputs: reader.inputs.map((name) => (name === from ? to : name)) });
    }
  }

  /** Drops `node`, whose only output equals its input `source`. False when the names of graph outputs forbid it. */
  bypass(node: Node, source: string): boolean {
    const [target] = node.outputs;
    if (!this.isOutput(target)) {
      this.redirect(target, source);
      this.remove(node);
      return true;
    }
    const constant = this.#initializers.get(source);
    if (constant !== undefined) {
      this.remove(node);
      this.#initializers.set(target, constant);
      return true;
    }
    const producer = this.#producers.get(source);
    if (producer === undefined || this.isOutput(source)) return false;
    this.remove(node);
    this.replace(producer, { ...producer, outputs: producer.outputs.map((name) => (name === source ? target : name)) });
    this.redirect(source, target);
    return true;
  }

  /** The edited graph; values and constants that nothing uses any more are left out. */
  finish(): Graph {
    const nodes = this.#slots.flat();
    const used = new Set(this.#graph.outputs);
    for (const { inputs, outputs } of nodes) for (const name of [...inputs, ...outputs]) used.add(name);
    for (const { name } of this.#graph.inputs) used.add(name);
    const initializers = new Map([...this.#initializers].filter(([name]) => used.has(name)));
    const values = new Map<string, ValueInfo>();
    for (const [name, { dtype, shape }] of this.#types)
      if (name !== '' && used.has(name)) values.set(name, { name, dtype, shape });
    return { ...this.#graph, nodes, initializers, values };
  }
}
