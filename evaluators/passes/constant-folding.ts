/**
 * Computes nodes whose inputs are all constant. DequantizeLinear stays, because its integer input is the quantized weight; results
 * much larger than their inputs stay too, for they would cost ROM to save a little time.
 */
import { storedBytes } from '../ir/dtype.ts';
import type { Node } from '../ir/graph.ts';
import { elementCount, type Tensor } from '../ir/tensor.ts';
import { runOp } from '../ops/evaluate-node.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

/** Growth below this many bytes is always worth it. */
const SMALL_BYTES = 1024;

function grows(editor: GraphEditor, node: Node): boolean {
  const bytes = (names: readonly string[]): number =>
    names.reduce((sum, name) => {
      if (name === '') return sum;
      const { dtype, shape } = editor.typeOf(name);
      return sum + storedBytes(dtype, elementCount(shape));
    }, 0);
  return bytes(node.outputs) > bytes(node.inputs) + SMALL_BYTES;
}

function constantInputs(editor: GraphEditor, node: Node): (Tensor | undefined)[] | undefined {
  const inputs: (Tensor | undefined)[] = [];
  for (const name of node.inputs) {
    const value = name === '' ? undefined : editor.constant(name);
    if (value === undefined && name !== '') return undefined;
    inputs.push(value);
  }
  return inputs;
}

export const constantFolding: Pass = {
  name: 'constant-folding',
  purpose: 'computes nodes whose inputs are all constant',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) {
      const inputs = constantInputs(editor, node);
      if (inputs === undefined || node.op.kind === 'DequantizeLinear' || grows(editor, node)) continue;
      const results = runOp(node.op, inputs);
      editor.remove(node);
      node.outputs.forEach((name, i) => {
        if (name !== '') editor.setConstant(name, results[i]);
      });
    }
    return editor.finish();
  },
};
