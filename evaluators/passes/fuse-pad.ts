/** Folds a zero Pad of the spatial axes into the window of the Conv or AveragePool that reads it. */
import type { Node } from '../ir/graph.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

/** Spatial pads (begins, ends) of a constant zero Pad; undefined when it does anything else. */
function spatialPads(editor: GraphEditor, node: Node): number[] | undefined {
  if (node.op.kind !== 'Pad' || node.op.mode !== 'constant') return undefined;
  const fill = node.inputs[1] ?? '';
  const value = fill === '' ? 0 : editor.constant(fill)?.data[0];
  const rank = node.op.pads.length / 2;
  const [begins, ends] = [node.op.pads.slice(0, rank), node.op.pads.slice(rank)];
  const outside = [...begins.slice(0, 2), ...ends.slice(0, 2)];
  if (value === undefined || Number(value) !== 0 || rank < 3 || outside.some((pad) => pad !== 0)) return undefined;
  const pads = [...begins.slice(2), ...ends.slice(2)];
  return pads.some((pad) => pad < 0) ? undefined : pads;
}

function fuse(editor: GraphEditor, node: Node): void {
  const producer = editor.soleProducer(node.inputs[0] ?? '');
  const pads = producer === undefined ? undefined : spatialPads(editor, producer);
  if (producer === undefined || pads === undefined) return;
  const inputs = [producer.inputs[0], ...node.inputs.slice(1)];
  const { op } = node;
  if (op.kind === 'Conv') {
    editor.replace(node, { ...node, op: { ...op, pads: op.pads.map((pad, i) => pad + pads[i]) }, inputs });
  } else if (op.kind === 'AveragePool' && !op.ceilMode && (op.countIncludePad || op.pads.every((pad) => pad === 0))) {
    editor.replace(node, {
      ...node,
      op: { ...op, pads: op.pads.map((pad, i) => pad + pads[i]), countIncludePad: true },
      inputs,
    });
  } else return;
  editor.remove(producer);
}

export const fusePad: Pass = {
  name: 'fuse-pad',
  purpose: 'folds zero padding into the window of a convolution or average pooling',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) fuse(editor, node);
    return editor.finish();
  },
};
