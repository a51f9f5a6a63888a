/** One step of a simple recurrent layer: h' = act(x W + h R + b). Only a chain of several tells it from a dense layer. */
import type { Node } from '../../ir/graph.ts';
import type { GraphEditor } from '../graph-editor.ts';
import { activated, type Cell, isCandidate } from './cell.ts';

export function rnnCell(editor: GraphEditor, node: Node): Cell | undefined {
  const [h] = node.outputs;
  if (node.op.kind !== 'Unary' || !isCandidate(node.op)) return undefined;
  const found = activated(editor, h);
  if (found === undefined || found.form.terms.length === 0) return undefined;
  return { kind: 'RNN', node, h, gates: [found.form], activations: [found.activation] };
}
