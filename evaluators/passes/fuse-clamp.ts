/** Folds Relu, Clip with constant bounds, and Max or Min with a constant scalar into the operator that produces their input. */
import type { Node } from '../ir/graph.ts';
import type { FusedClamp, Op } from '../ir/op.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

type Clampable = Extract<Op, { readonly kind: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul' | 'Binary' }>;

function isClampable(op: Op): op is Clampable {
  return (
    op.kind === 'Conv' ||
    op.kind === 'ConvTranspose' ||
    op.kind === 'Gemm' ||
    op.kind === 'MatMul' ||
    op.kind === 'Binary'
  );
}

/** A finite or infinite constant scalar; undefined when the value is not one. */
function scalarOf(editor: GraphEditor, name: string | undefined, absent: number): number | undefined {
  if (name === undefined || name === '') return absent;
  const constant = editor.constant(name);
  const value = constant?.data.length === 1 ? Number(constant.data[0]) : Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}

/** The clamp that `node` is, and the value it is applied to. */
function clampOf(editor: GraphEditor, node: Node): { readonly source: string; readonly clamp: FusedClamp } | undefined {
  const { op, inputs } = node;
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (op.kind === 'Unary' && op.fn === 'Relu') return { source: inputs[0], clamp: { min: 0, max: high } };
  if (op.kind === 'Clip') {
    const [min, max] = [scalarOf(editor, inputs[1], low), scalarOf(editor, inputs[2], high)];
    // Clip with crossed bounds gives the upper one.
    return min === undefined || max === undefined
      ? undefined
      : { source: inputs[0], clamp: { min: Math.min(min, max), max } };
  }
  if (op.kind !== 'Binary' || (op.fn !== 'Max' && op.fn !== 'Min') || op.clamp !== undefined) return undefined;
  const side = editor.constant(inputs[0]) === undefined ? 1 : 0;
  const bound = scalarOf(editor, inputs[side], Number.NaN);
  const source = inputs[1 - side];
  if (bound === undefined || Number.isNaN(bound)) return undefined;
  if (editor.typeOf(source).shape.length !== editor.typeOf(node.outputs[0]).shape.length) return undefined;
  return { source, clamp: op.fn === 'Max' ? { min: bound, max: high } : { min: low, max: bound } };
}

/** First `inner`, then `outer`. */
function compose(inner: FusedClamp | undefined, outer: FusedClamp): FusedClamp {
  if (inner === undefined) return outer;
  const bounded = (value: number): number => Math.min(Math.max(value, outer.min), outer.max);
  return { min: bounded(inner.min), max: bounded(inner.max) };
}

function fuse(editor: GraphEditor, node: Node): void {
  const found = clampOf(editor, node);
  const producer = found === undefined ? undefined : editor.soleProducer(found.source);
  if (found === undefined || producer === undefined || producer.outputs.length !== 1 || !isClampable(producer.op))
    return;
  const { dtype } = editor.typeOf(node.outputs[0]);
  if (dtype !== 'float32' || editor.typeOf(found.source).dtype !== dtype) return;
  const fused: Node = {
    ...producer,
    op: { ...producer.op, clamp: compose(producer.op.clamp, found.clamp) },
    outputs: node.outputs,
  };
  editor.remove(producer);
  editor.replace(node, fused);
}

export const fuseClamp: Pass = {
  name: 'fuse-clamp',
  purpose: 'folds Relu, Clip and constant Max and Min into the operator before',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) fuse(editor, node);
    return editor.finish();
  },
};
