/** One LSTM step:  c' = f ⊙ c + i ⊙ g,  h' = o ⊙ act(c'), with gates of affine forms, in any order of operands. */
import type { Node } from '../../ir/graph.ts';
import type { GraphEditor } from '../graph-editor.ts';
import {
  type Activated,
  activated,
  bothOrders,
  type Cell,
  isCandidate,
  isGate,
  operandsOf,
  sameActivation,
  unaryOf,
} from './cell.ts';

/** i ⊙ g: a gate and a candidate. */
function inputPart(editor: GraphEditor, name: string): { readonly i: Activated; readonly g: Activated } | undefined {
  for (const [left, right] of bothOrders(operandsOf(editor, name, 'Mul'))) {
    const [i, g] = [activated(editor, left), activated(editor, right)];
    if (i !== undefined && g !== undefined && isGate(i) && isCandidate(g)) return { i, g };
  }
  return undefined;
}

/** f ⊙ c: a gate and the old state. */
function kept(editor: GraphEditor, name: string): { readonly f: Activated; readonly c: string } | undefined {
  for (const [left, right] of bothOrders(operandsOf(editor, name, 'Mul'))) {
    const f = activated(editor, left);
    if (f !== undefined && isGate(f)) return { f, c: right };
  }
  return undefined;
}

function stateUpdate(editor: GraphEditor, c: string) {
  for (const [left, right] of bothOrders(operandsOf(editor, c, 'Add'))) {
    const [old, added] = [kept(editor, left), inputPart(editor, right)];
    if (old !== undefined && added !== undefined) return { ...old, ...added };
  }
  return undefined;
}

export function lstmCell(editor: GraphEditor, node: Node): Cell | undefined {
  const [h] = node.outputs;
  for (const [left, right] of bothOrders(operandsOf(editor, h, 'Mul'))) {
    const output = unaryOf(editor, right);
    if (output === undefined || !isCandidate(output.activation)) continue;
    const update = stateUpdate(editor, output.input);
    const o = update && activated(editor, left);
    if (update === undefined || o === undefined || !isGate(o)) continue;
    const { i, f, g, c } = update;
    if (!sameActivation(i.activation, o.activation) || !sameActivation(i.activation, f.activation)) continue;
    return {
      kind: 'LSTM',
      node,
      h,
      c: output.input,
      cBefore: c,
      gates: [i.form, o.form, f.form, g.form],
      activations: [i.activation, g.activation, output.activation],
    };
  }
  return undefined;
}
