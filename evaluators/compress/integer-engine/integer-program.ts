/** A quantized graph ready to run on one sample at a time, with the outputs of the reference operators bit for bit. */
import type { Graph } from '../../ir/graph.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { runGraph } from '../run-graph.ts';

export interface IntegerProgram {
  /** Inputs in the graph's order; outputs are valid until the next run. */
  run(inputs: readonly Tensor[]): Tensor[];
}

export function compileInteger(graph: Graph): IntegerProgram {
  return {
    run(inputs) {
      const named = new Map(graph.inputs.map((input, i) => [input.name, inputs[i]]));
      const values = runGraph(graph, named);
      return graph.outputs.map((name) => {
        const value = values.get(name);
        if (value === undefined) throw new Error(`the graph does not compute its output "${name}"`);
        return value;
      });
    },
  };
}
