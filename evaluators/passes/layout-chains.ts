/**
 * Shortens chains of layout changes: Reshape of Reshape, Transpose of Transpose, a Transpose that only moves axes of size 1 (a
 * Reshape), an Expand whose reader broadcasts anyway.
 */
import type { Node } from '../ir/graph.ts';
import { broadcastShapes } from '../ops/broadcast.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

/** Whether the axes that are not of size 1 keep their order. */
function keepsOrder(perm: readonly number[], shape: readonly number[]): boolean {
  const moving = perm.filter((axis) => shape[axis] !== 1);
  return moving.every((axis, i) => i === 0 || moving[i - 1] < axis);
}

function shorten(editor: GraphEditor, node: Node): void {
  const [source] = node.inputs;
  const before = editor.producerOf(source);
  const [earlier] = before?.inputs ?? [];
  if (node.op.kind === 'Reshape' && before?.op.kind === 'Reshape') {
    editor.replace(node, { ...node, inputs: [earlier] });
  } else if (node.op.kind === 'Transpose') {
    if (before?.op.kind === 'Transpose') {
      const inner = before.op.perm;
      editor.replace(node, {
        ...node,
        op: { kind: 'Transpose', perm: node.op.perm.map((axis) => inner[axis]) },
        inputs: [earlier],
      });
    } else if (keepsOrder(node.op.perm, editor.typeOf(source).shape)) {
      editor.replace(node, { ...node, op: { kind: 'Reshape', shape: editor.typeOf(node.outputs[0]).shape } });
    }
  } else if (node.op.kind === 'Binary' && node.op.fn !== 'PRelu') dropExpand(editor, node);
}

function dropExpand(editor: GraphEditor, node: Node): void {
  const inputs = node.inputs.map((name) => {
    const producer = editor.producerOf(name);
    return producer?.op.kind === 'Expand' ? producer.inputs[0] : name;
  });
  for (const [i, name] of inputs.entries()) {
    if (name === node.inputs[i]) continue;
    const shape = broadcastShapes(editor.typeOf(name).shape, editor.typeOf(node.inputs[1 - i]).shape);
    const target = editor.typeOf(node.outputs[0]).shape;
    if (shape.length !== target.length || shape.some((size, axis) => size !== target[axis])) continue;
    editor.replace(node, { ...node, inputs: node.inputs.map((old, j) => (j === i ? name : old)) });
    return;
  }
}

export const layoutChains: Pass = {
  name: 'layout-chains',
  purpose: 'shortens chains of reshapes, transposes and expands',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) shorten(editor, node);
    return editor.finish();
  },
};
