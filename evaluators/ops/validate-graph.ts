/** Checks a whole graph: structure, and that every value has the type its operator gives it. */
import type { Graph } from '../ir/graph.ts';
import { printName } from '../ir/print.ts';
import { graphProblems } from '../ir/validate.ts';
import { inferTypes } from './evaluate-node.ts';
import { shapeText } from './operator.ts';

function typeProblems(graph: Graph): string[] {
  const problems: string[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : graph.values.get(name)));
    try {
      const types = inferTypes(node.op, inputs);
      node.outputs.forEach((name, i) => {
        if (name === '') return;
        const [is, should] = [graph.values.get(name), types[i]];
        if (should === undefined) problems.push(`node ${printName(node.name)} has no output ${i}`);
        else if (is?.dtype !== should.dtype || shapeText(is.shape) !== shapeText(should.shape)) {
          problems.push(
            `${printName(name)} is declared ${is?.dtype} ${shapeText(is?.shape ?? [])} but computed as ${should.dtype} ${shapeText(should.shape)}`,
          );
        }
      });
    } catch (error) {
      problems.push(`node ${printName(node.name)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return problems;
}

/** Throws an error that lists everything wrong with `graph`; returns it when it is sound. */
export function validateGraph(graph: Graph): Graph {
  const problems = graphProblems(graph);
  if (problems.length === 0) problems.push(...typeProblems(graph));
  if (problems.length > 0) throw new Error(`graph ${printName(graph.name)} is broken:\n- ${problems.join('\n- ')}`);
  return graph;
}
