/** Removes operators that give back their input: same-shape Reshape, identity Transpose, empty Pad, full Slice and the like. */
import type { Node } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

const KEEPS_SINGLE_ELEMENTS: ReadonlySet<string> = new Set(['Max', 'Mean', 'Min', 'Prod', 'Sum']);

/** Whether the node's first output always equals its first input (its only data input). */
function isNoOp(editor: GraphEditor, { op, inputs, outputs }: Node): boolean {
  const x = editor.typeOf(inputs[0]);
  const y = editor.typeOf(outputs[0]);
  if (x.dtype !== y.dtype || !sameShape(x.shape, y.shape)) return false;
  switch (op.kind) {
    case 'Reshape':
    case 'Expand':
    case 'Cast':
      return true;
    case 'Tile':
      return op.repeats.every((count) => count === 1) || elementCount(x.shape) === 0;
    case 'Transpose':
      return op.perm.every((axis, i) => axis === i);
    case 'Pad':
      return op.pads.every((pad) => pad === 0);
    case 'Slice':
      return op.starts.every((start) => start === 0) && op.steps.every((step) => step === 1);
    case 'Concat':
    case 'Variadic':
    case 'Split':
      return inputs.length === 1 && outputs.length === 1;
    case 'Clip':
      return (inputs[1] ?? '') === '' && (inputs[2] ?? '') === '';
    case 'Reduce':
      return KEEPS_SINGLE_ELEMENTS.has(op.fn) && op.axes.every((axis) => x.shape[axis] === 1);
    case 'MaxPool':
    case 'AveragePool':
      return outputs.length === 1 && op.kernelShape.every((size) => size === 1) && op.pads.every((pad) => pad === 0);
    case 'GlobalPool':
      return op.fn !== 'Lp';
    case 'DepthToSpace':
    case 'SpaceToDepth':
      return op.blockSize === 1;
    default:
      return false;
  }
}

export const noOpRemoval: Pass = {
  name: 'no-op-removal',
  purpose: 'removes operators that give back their input',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) {
      const plain = node.inputs[0] !== '' && node.inputs.length > 0 && node.outputs[0] !== '';
      if (plain && isNoOp(editor, node)) editor.bypass(node, node.inputs[0]);
    }
    return editor.finish();
  },
};
