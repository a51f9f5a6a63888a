/** Merges nodes that apply the same operator to the same values. */
import { printOp } from '../ir/print.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

export const sharedSubexpressions: Pass = {
  name: 'shared-subexpressions',
  purpose: 'merges nodes that apply the same operator to the same values',
  run(graph) {
    const editor = new GraphEditor(graph);
    const first = new Map<string, readonly string[]>();
    for (const node of editor.nodes()) {
      const key = JSON.stringify([printOp(node.op), node.inputs, node.outputs.map((name) => name !== '')]);
      const known = first.get(key);
      if (known === undefined) first.set(key, node.outputs);
      else if (!node.outputs.some((name) => editor.isOutput(name))) {
        node.outputs.forEach((name, i) => {
          if (name !== '') editor.redirect(name, known[i]);
        });
        editor.remove(node);
      }
    }
    return editor.finish();
  },
};
