/**
 * A Concat of all pieces of one tensor in their order is that tensor again, at most with the cut axis moved. Unrolled loops cut their inputs
 * into steps and stack the results; what is left between two recognised layers is such a cut and stack.
 *
 *   T [o, n, i] cut along n;  stacked on an axis with p elements before it:  p = o: T itself,  p = 1: T with n in front,
 *   o = 1: T [n, p, r] with p in front
 */
import type { Node } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';
import { aroundAxis, pieceOf } from './piece-of.ts';

/** The tensor whose pieces 0, 1, … are the inputs of the Concat, and the axis they are cut along. */
function stackedTensor(editor: GraphEditor, node: Node): { tensor: string; axis: number } | undefined {
  const pieces = node.inputs.map((name) => pieceOf(editor, name));
  const [first] = pieces;
  if (first === undefined || editor.typeOf(first.tensor).shape[first.axis] !== pieces.length) return undefined;
  const inOrder = pieces.every(
    (piece, i) => piece?.tensor === first.tensor && piece.axis === first.axis && piece.index === i,
  );
  return inOrder ? first : undefined;
}

function restackNode(editor: GraphEditor, node: Node): void {
  if (node.op.kind !== 'Concat' || node.inputs.length < 2) return;
  const stacked = stackedTensor(editor, node);
  if (stacked === undefined) return;
  const shape = editor.typeOf(node.outputs[0]).shape;
  const { outer, length, inner } = aroundAxis(editor.typeOf(stacked.tensor).shape, stacked.axis);
  const before = elementCount(shape.slice(0, node.op.axis));
  const reshaped = (source: string): Node => ({ ...node, op: { kind: 'Reshape', shape }, inputs: [source] });
  if (before === outer) {
    editor.replace(node, reshaped(stacked.tensor));
    return;
  }
  if (before !== 1 && outer !== 1) return;
  const view = before === 1 ? [outer, length, inner] : [length, before, inner / before];
  const [flat, moved] = ['view', 'moved'].map((role) => editor.freshValueName(`${node.outputs[0]}/${role}`));
  editor.replace(
    node,
    {
      name: editor.freshNodeName(flat),
      op: { kind: 'Reshape', shape: view },
      inputs: [stacked.tensor],
      outputs: [flat],
    },
    { name: editor.freshNodeName(moved), op: { kind: 'Transpose', perm: [1, 0, 2] }, inputs: [flat], outputs: [moved] },
    reshaped(moved),
  );
}

export const restack: Pass = {
  name: 'restack',
  purpose: 'replaces the concatenation of all pieces of a tensor by the tensor',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) restackNode(editor, node);
    return editor.finish();
  },
};
