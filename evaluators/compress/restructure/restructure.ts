/**
 * Structure changes before training: single layers are replaced by cheaper ones that start as the best approximation of the old
 * weights. A change that does not lower the layer's multiply-accumulates is refused.
 */
import type { Restructure } from '../../compression-plan.ts';
import { countCost, nodeMacs } from '../../ir/cost.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { CompressionError } from '../compression-error.ts';
import { rebuild, valueNames } from '../graph-edit.ts';
import { inferGraph } from '../infer-graph.ts';
import { unknownLayer } from '../layer-names.ts';
import { decomposeConv } from './decompose-conv.ts';
import { decomposeDense } from './decompose-dense.ts';
import { depthwiseSeparable } from './depthwise-separable.ts';
import { cannot, type Replacement } from './replacement.ts';
import { shrinkKernel } from './shrink-kernel.ts';

export interface RestructuredLayer {
  readonly name: string;
  readonly change: Restructure;
  readonly macs: { readonly before: number; readonly after: number };
  readonly params: { readonly before: number; readonly after: number };
}

export interface RestructureResult {
  readonly graph: Graph;
  readonly layers: readonly RestructuredLayer[];
}

function replace(graph: Graph, node: Node, change: Restructure, taken: Set<string>): Replacement {
  if (change === 'depthwiseSeparable') return depthwiseSeparable(graph, node, taken);
  const size = 'kernel' in change ? change.kernel : change.lowRank;
  if (!Number.isInteger(size) || size < 1) {
    throw new CompressionError('BAD_PLAN', `restructure of "${node.name}" needs a whole number from 1, not ${size}`);
  }
  if ('kernel' in change) return shrinkKernel(graph, node, size, taken);
  return node.op.kind === 'Conv'
    ? decomposeConv(graph, node, size, change.method, taken)
    : decomposeDense(graph, node, size, taken);
}

function changeLayer(graph: Graph, name: string, change: Restructure, taken: Set<string>): RestructureResult {
  const node = graph.nodes.find((each) => each.name === name);
  if (node === undefined) {
    const known = graph.nodes.filter(({ op }) => ['Conv', 'Gemm', 'MatMul'].includes(op.kind)).map((each) => each.name);
    throw unknownLayer('restructure', name, known, 'layers that can change');
  }
  const { nodes, constants } = replace(graph, node, change, taken);
  const changed = inferGraph(
    rebuild(graph, {
      nodes: graph.nodes.flatMap((each) => (each === node ? nodes : [each])),
      initializers: new Map([...graph.initializers, ...constants]),
    }),
  );
  const names = new Set(nodes.map((each) => each.name));
  const before = nodeMacs(graph, node);
  const after = changed.nodes.reduce((sum, each) => sum + (names.has(each.name) ? nodeMacs(changed, each) : 0), 0);
  if (after >= before) {
    throw cannot(
      node,
      `would need ${after} multiply-accumulates instead of ${before}: ${describe(change)} saves nothing`,
    );
  }
  const params = { before: countCost(graph).params, after: countCost(changed).params };
  return { graph: changed, layers: [{ name, change, macs: { before, after }, params }] };
}

function describe(change: Restructure): string {
  if (change === 'depthwiseSeparable') return 'a depthwise-separable convolution';
  return 'kernel' in change ? `a kernel of ${change.kernel}` : `rank ${change.lowRank}`;
}

/**
 * Changes layers by name. Throws CompressionError UNKNOWN_LAYER, BAD_PLAN, or CANNOT_RESTRUCTURE when a layer is of the wrong kind or the
 * change saves no multiply-accumulates. `params` of a layer are those of the whole network before and after its change.
 */
export function restructure(graph: Graph, changes: Readonly<Record<string, Restructure>>): RestructureResult {
  const taken = valueNames(graph);
  for (const node of graph.nodes) taken.add(node.name);
  let result: RestructureResult = { graph, layers: [] };
  for (const [name, change] of Object.entries(changes)) {
    const next = changeLayer(result.graph, name, change, taken);
    result = { graph: next.graph, layers: [...result.layers, ...next.layers] };
  }
  return result;
}
