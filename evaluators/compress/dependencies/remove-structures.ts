/**
 * Takes whole classes of units out of a graph: every constant tensor is sliced, attributes that repeat a size (reshape targets,
 * split sizes, group counts, hidden sizes) follow, and all shapes are inferred anew. The result is a smaller, ordinary graph.
 */
import type { TypedArray } from '../../ir/dtype.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import type { Op } from '../../ir/op.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { inferGraph } from '../infer-graph.ts';
import type { DependencyAnalysis } from './dependency-groups.ts';
import type { AxisUnits } from './unit-space.ts';

export interface RemoveOptions {
  /** Only the shapes: constants come without data. For counting costs of many candidates quickly. */
  readonly shapesOnly?: boolean;
}

/** Positions of an axis that stay. */
function keptPositions(units: Int32Array, classOf: Int32Array, removed: Uint8Array): Int32Array {
  const kept: number[] = [];
  for (let i = 0; i < units.length; i++) if (removed[classOf[units[i]]] === 0) kept.push(i);
  return Int32Array.from(kept);
}

/** `source` with only `kept` positions of `axis`. */
export function sliceAxis(source: Tensor, axis: number, kept: Int32Array): Tensor {
  const shape = source.shape.map((size, i) => (i === axis ? kept.length : size));
  const inner = elementCount(source.shape.slice(axis + 1));
  const outer = elementCount(source.shape.slice(0, axis));
  const from: TypedArray = source.data;
  const data: TypedArray = source.data.slice(0, elementCount(shape));
  const width = source.shape[axis] * inner;
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < kept.length; k++) {
      const start = o * width + kept[k] * inner;
      data.set(from.subarray(start, start + inner) as never, (o * kept.length + k) * inner);
    }
  }
  return { dtype: source.dtype, shape, data } as Tensor;
}

function shapeOnly(source: Tensor, axis: number, kept: Int32Array): Tensor {
  const shape = source.shape.map((size, i) => (i === axis ? kept.length : size));
  return { dtype: source.dtype, shape, data: source.data.subarray(0, 0) } as Tensor;
}

export function removeStructures(
  analysis: DependencyAnalysis,
  removed: Uint8Array,
  options: RemoveOptions = {},
): Graph {
  const { graph, classOf } = analysis;
  const initializers = new Map(graph.initializers);
  for (const member of analysis.members) {
    const tensor = initializers.get(member.tensor);
    if (tensor === undefined) continue;
    const kept = keptPositions(member.units, classOf, removed);
    if (kept.length === member.units.length) continue;
    const slice = options.shapesOnly === true ? shapeOnly : sliceAxis;
    initializers.set(member.tensor, slice(tensor, member.axis, kept));
  }
  const count = (units: AxisUnits, from = 0, to?: number): number | null =>
    units === null ? null : keptPositions(units.slice(from, to), classOf, removed).length;
  const nodes = graph.nodes.map((node) => ({ ...node, op: resizedOp(analysis, node, count) }));
  return inferGraph({ ...graph, nodes, initializers });
}

type Count = (units: AxisUnits, from?: number, to?: number) => number | null;

/** Sizes of a value's axes after removal. */
function newShape(analysis: DependencyAnalysis, name: string, old: readonly number[], count: Count): number[] {
  const units = analysis.values.get(name);
  return old.map((size, axis) => count(units?.[axis] ?? null) ?? size);
}

function resizedOp(analysis: DependencyAnalysis, node: Node, count: Count): Op {
  const { op } = node;
  const input = analysis.values.get(node.inputs[0]);
  switch (op.kind) {
    case 'Conv': {
      const channels = count(input?.[1] ?? null);
      const before = input?.[1]?.length;
      return op.group > 1 && channels !== null && op.group === before ? { ...op, group: channels } : op;
    }
    case 'Reshape':
    case 'Expand':
    case 'Resize':
      return { ...op, shape: newShape(analysis, node.outputs[0], op.shape, count) };
    case 'Split': {
      const own = input?.[op.axis] ?? null;
      if (own === null) return op;
      let start = 0;
      const sizes = op.sizes.map((size) => {
        const kept = count(own, start, start + size) ?? size;
        start += size;
        return kept;
      });
      return { ...op, sizes };
    }
    case 'Slice': {
      const starts = op.starts.map((start, axis) => count(input?.[axis] ?? null, 0, start) ?? start);
      const sizes = op.sizes.map((size, axis) => {
        const own = input?.[axis] ?? null;
        return op.steps[axis] === 1 ? (count(own, op.starts[axis], op.starts[axis] + size) ?? size) : size;
      });
      return { ...op, starts, sizes };
    }
    case 'LSTM':
    case 'GRU':
    case 'RNN': {
      const source = analysis.sources.find((each) => each.node.name === node.name);
      return { ...op, hiddenSize: count(source?.units ?? null) ?? op.hiddenSize };
    }
    default:
      return op;
  }
}
