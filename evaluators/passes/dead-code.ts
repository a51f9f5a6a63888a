/** Removes nodes and constants that no output depends on. Graph inputs stay: they are the caller's interface. */
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

export const deadCode: Pass = {
  name: 'dead-code',
  purpose: 'removes nodes and constants that no output depends on',
  run(graph) {
    const needed = new Set(graph.outputs);
    const live = new Set<string>();
    for (const node of graph.nodes.toReversed()) {
      if (!node.outputs.some((name) => needed.has(name))) continue;
      live.add(node.name);
      for (const name of node.inputs) needed.add(name);
    }
    const editor = new GraphEditor(graph);
    for (const node of graph.nodes) if (!live.has(node.name)) editor.remove(node);
    return editor.finish();
  },
};
