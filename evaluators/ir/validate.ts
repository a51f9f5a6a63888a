/** Structural checks of a graph: what every pass and every reader of a graph may rely on. */
import type { Graph } from './graph.ts';
import { printName } from './print.ts';
import { elementCount } from './tensor.ts';

/** All broken rules, as sentences; empty when the graph is sound. Operator types are checked by `validateTypes` in ops/. */
export function graphProblems(graph: Graph): string[] {
  const problems: string[] = [];
  const known = new Set<string>();
  const define = (name: string, role: string): void => {
    if (name === '') problems.push(`${role} has an empty name`);
    else if (known.has(name)) problems.push(`${printName(name)} is defined twice`);
    known.add(name);
    if (!graph.values.has(name)) problems.push(`${printName(name)} has no type`);
  };
  for (const input of graph.inputs) define(input.name, 'an input');
  for (const [name, value] of graph.initializers) {
    define(name, 'an initializer');
    if (value.data.length !== elementCount(value.shape))
      problems.push(`${printName(name)} has the wrong element count`);
    const info = graph.values.get(name);
    const agrees = info !== undefined && info.dtype === value.dtype && sameShape(info.shape, value.shape);
    if (!agrees) problems.push(`${printName(name)} differs from its declared type`);
  }
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (names.has(node.name)) problems.push(`node name ${printName(node.name)} is used twice`);
    names.add(node.name);
    for (const input of node.inputs) {
      if (input !== '' && !known.has(input)) {
        problems.push(`node ${printName(node.name)} reads ${printName(input)} before it is defined`);
      }
    }
    for (const output of node.outputs) if (output !== '') define(output, `an output of ${printName(node.name)}`);
  }
  for (const output of graph.outputs)
    if (!known.has(output)) problems.push(`output ${printName(output)} is not computed`);
  return problems;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
