/**
 * One network out of many independent integer layers, for tests of kernels: each layer takes its own stretch of the one int8 or uint8 input, and
 * their results lie one behind the other in the one output. One build tests all of them.
 */
import type { Graph, Node } from '../../evaluators/ir/graph.ts';
import type { Op } from '../../evaluators/ir/op.ts';
import { elementCount, type Tensor } from '../../evaluators/ir/tensor.ts';
import { smallGraph } from './small-graph.ts';

export type Byte = 'int8' | 'uint8';

export interface IntegerLayerCase {
  readonly op: Op;
  /** Shape of x, and of y. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Initializers of the node by role. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Inputs of the node: `x`, or a role of `tensors`. */
  readonly inputs: readonly string[];
}

export function integerLayers(dtype: Byte, cases: readonly IntegerLayerCase[]): { graph: Graph; inputBytes: number } {
  const nodes: Node[] = [];
  const initializers: Record<string, Tensor> = {};
  const values: Record<string, readonly number[]> = {};
  const add = (name: string, op: Op, inputs: readonly string[], shape: readonly number[]) => {
    nodes.push({ name, op, inputs, outputs: [name] });
    values[name] = shape;
  };
  let start = 0;
  cases.forEach((each, index) => {
    const id = `c${index}`;
    const count = elementCount(each.x);
    const part: Op = { kind: 'Slice', starts: [0, start], steps: [1, 1], sizes: [1, count] };
    add(`${id}.part`, part, ['x'], [1, count]);
    add(`${id}.x`, { kind: 'Reshape', shape: each.x }, [`${id}.part`], each.x);
    for (const [role, value] of Object.entries(each.tensors)) initializers[`${id}.${role}`] = value;
    const inputs = each.inputs.map((role) => (role === '' ? '' : `${id}.${role}`));
    add(`${id}.y`, each.op, inputs, each.y);
    const outputs = elementCount(each.y);
    add(`${id}.flat`, { kind: 'Reshape', shape: [1, outputs] }, [`${id}.y`], [1, outputs]);
    start += count;
  });
  const flats = cases.map((_, index) => `c${index}.flat`);
  const total = cases.reduce((sum, { y }) => sum + elementCount(y), 0);
  add('y', { kind: 'Concat', axis: 1 }, flats, [1, total]);
  const names = ['x', ...Object.keys(values)];
  const dtypes = Object.fromEntries(names.map((name) => [name, dtype]));
  const graph = smallGraph({ inputs: { x: [1, start] }, initializers, nodes, values, dtypes, outputs: ['y'] });
  return { graph, inputBytes: start };
}
