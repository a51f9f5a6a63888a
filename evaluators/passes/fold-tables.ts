/**
 * A function of one 8-bit value, however many nodes it takes (a hard swish of quantized operators, a GELU left in float between
 * DequantizeLinear and QuantizeLinear), becomes one table of its 256 results, computed by the reference operators.
 *
 * Every value is a function of a root: the first 8-bit value that it depends on through operators that treat element by element, with
 * constants of one element beside it.
 */
import { allocate } from '../ir/dtype.ts';
import type { Graph, Node } from '../ir/graph.ts';
import type { Op } from '../ir/op.ts';
import type { Tensor } from '../ir/tensor.ts';
import { runOp } from '../ops/evaluate-node.ts';
import { deadCode } from './dead-code.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

const ENTRIES = 256;

function isElementwise(node: Node): boolean {
  switch (node.op.kind) {
    case 'Unary':
    case 'Binary':
    case 'Clip':
    case 'Cast':
    case 'QuantizeLinear':
    case 'DequantizeLinear':
    case 'QLinearUnary':
    case 'QLinearBinary':
    case 'Lookup':
      return true;
    default:
      return false;
  }
}

/** Operators that are one look into a table as they are. */
function isTable(op: Op): boolean {
  return op.kind === 'QLinearUnary' || op.kind === 'Lookup';
}

class Roots {
  readonly #graph: Graph;
  readonly #editor: GraphEditor;
  readonly #roots = new Map<string, string>();
  readonly #positions = new Map<Node, number>();
  /** 8-bit values that are needed as they are. */
  readonly #kept: Set<string>;

  constructor(graph: Graph, kept: Set<string>) {
    this.#graph = graph;
    this.#editor = new GraphEditor(graph);
    this.#kept = kept;
    graph.nodes.forEach((node, position) => {
      this.#positions.set(node, position);
      this.#visit(node);
    });
  }

  positionOf(node: Node): number {
    return this.#positions.get(node) ?? -1;
  }

  isEightBit(name: string): boolean {
    const dtype = this.#graph.values.get(name)?.dtype;
    return dtype === 'int8' || dtype === 'uint8';
  }

  /** What is put into a table: the value itself where it is not a function of an earlier one. */
  rootOf(name: string): string | undefined {
    const root = this.#roots.get(name);
    if (root !== undefined && !this.#kept.has(name)) return root;
    return this.isEightBit(name) ? name : undefined;
  }

  /** The root that the result of `node` is computed from, whether it is needed as it is or not. */
  sourceOf(node: Node): string | undefined {
    return this.#roots.get(node.outputs[0]);
  }

  varying(node: Node): string[] {
    return node.inputs.filter((name) => name !== '' && this.#editor.constant(name) === undefined);
  }

  #visit(node: Node): void {
    if (!isElementwise(node) || node.outputs.length !== 1) return;
    const constants = node.inputs.flatMap((name) => this.#editor.constant(name) ?? []);
    if (node.op.kind !== 'Lookup' && constants.some(({ data }) => data.length !== 1)) return;
    const varying = this.varying(node);
    const [root, ...others] = new Set(varying.map((name) => this.rootOf(name)));
    if (root === undefined || others.length > 0) return;
    const shape = (name: string) => JSON.stringify(this.#graph.values.get(name)?.shape);
    const [y] = node.outputs;
    if ([root, ...varying].every((name) => shape(name) === shape(y))) this.#roots.set(y, root);
  }
}

/** The nodes from `root` to `node`, in the order of the graph. */
function between(editor: GraphEditor, roots: Roots, root: string, node: Node): Node[] {
  const members = new Set([node]);
  for (const member of members) {
    for (const name of roots.varying(member)) {
      const producer = name === root ? undefined : editor.producerOf(name);
      if (producer !== undefined) members.add(producer);
    }
  }
  return [...members].sort((a, b) => roots.positionOf(a) - roots.positionOf(b));
}

/** The members that nothing but members that go reads: the last one goes in any case, since the table takes its place. */
function going(editor: GraphEditor, members: readonly Node[]): Set<Node> {
  const gone = new Set<Node>(members.slice(-1));
  for (const node of members.slice(0, -1).toReversed()) {
    const [y] = node.outputs;
    if (!editor.isOutput(y) && editor.readersOf(y).every((reader) => gone.has(reader))) gone.add(node);
  }
  return gone;
}

function tableOf(editor: GraphEditor, members: readonly Node[], root: string): Tensor | undefined {
  const { dtype, shape } = editor.typeOf(root);
  const data = allocate(dtype, ENTRIES);
  for (let i = 0; i < ENTRIES; i++) data[i] = dtype === 'int8' && i > 127 ? i - ENTRIES : i;
  const flat = [...new Array<number>(Math.max(0, shape.length - 1)).fill(1), ENTRIES];
  const values = new Map<string, Tensor>([[root, { dtype, shape: flat, data }]]);
  const known = (name: string) => (name === '' ? undefined : (values.get(name) ?? editor.constant(name)));
  for (const node of members) {
    const [y] = runOp(node.op, node.inputs.map(known));
    values.set(node.outputs[0], y);
  }
  const result = values.get(members.at(-1)?.outputs[0] ?? '');
  return result?.data.length === ENTRIES ? { ...result, shape: [ENTRIES] } : undefined;
}

type Outcome = { readonly kind: 'done'; readonly graph: Graph } | { readonly kind: 'keep'; readonly name: string };

/** The last function that becomes a table; or a value in the midst of one that others need too, so that the function starts there. */
function foldLast(graph: Graph, kept: Set<string>): Outcome | undefined {
  const roots = new Roots(graph, kept);
  const editor = new GraphEditor(graph);
  for (const node of graph.nodes.toReversed()) {
    const [y] = node.outputs;
    const root = roots.sourceOf(node);
    if (root === undefined || !roots.isEightBit(y)) continue;
    const members = between(editor, roots, root, node);
    const gone = going(editor, members);
    const stays = members.findLast((member) => !gone.has(member) && roots.isEightBit(member.outputs[0]));
    if (stays !== undefined) return { kind: 'keep', name: stays.outputs[0] };
    if (gone.size === 1 && isTable(node.op)) continue;
    const table = tableOf(editor, members, root);
    if (table === undefined) continue;
    const inputs = [root, editor.addConstant(`${y}_table`, table)];
    editor.replace(node, { name: node.name, op: { kind: 'Lookup' }, inputs, outputs: [y] });
    return { kind: 'done', graph: deadCode.run(editor.finish()) };
  }
  return undefined;
}

export const foldTables: Pass = {
  name: 'fold-tables',
  purpose: 'makes every function of one 8-bit value a table',
  run(graph) {
    const kept = new Set<string>();
    let current = graph;
    for (;;) {
      const outcome = foldLast(current, kept);
      if (outcome === undefined) return current;
      if (outcome.kind === 'done') current = outcome.graph;
      else kept.add(outcome.name);
    }
  },
};
