/** Arithmetic that needs no computation: neutral elements, double negation, repeated idempotent functions. */
import type { Node } from '../ir/graph.ts';
import type { BinaryFunction, UnaryFunction } from '../ir/op.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

/** Neutral constants: [left, right]; undefined = that side has none. x + 0 is left alone where it would turn -0 into 0: nobody can tell. */
const NEUTRAL: Partial<Record<BinaryFunction, readonly [number | undefined, number | undefined]>> = {
  Add: [0, 0],
  Div: [undefined, 1],
  Mul: [1, 1],
  Or: [0, 0],
  Pow: [undefined, 1],
  Sub: [undefined, 0],
  Xor: [0, 0],
};

const IDEMPOTENT: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>([
  'Abs',
  'Ceil',
  'Floor',
  'Relu',
  'Round',
  'Sign',
]);
const INVOLUTIVE: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>(['Neg', 'Not', 'BitwiseNot']);
/** Results that Relu does not change. */
const NOT_NEGATIVE: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>([
  'Abs',
  'Exp',
  'HardSigmoid',
  'Sigmoid',
  'Softplus',
  'Sqrt',
]);

function isAll(editor: GraphEditor, name: string, value: number | undefined): boolean {
  const constant = editor.constant(name);
  if (constant === undefined || value === undefined || constant.data.length === 0) return false;
  for (const element of constant.data) if (Number(element) !== value) return false;
  return true;
}

function sameType(editor: GraphEditor, a: string, b: string): boolean {
  const [x, y] = [editor.typeOf(a), editor.typeOf(b)];
  return (
    x.dtype === y.dtype && x.shape.length === y.shape.length && x.shape.every((size, axis) => size === y.shape[axis])
  );
}

/** The value that `node` is equal to, when that exists already. */
function equalValue(editor: GraphEditor, node: Node): string | undefined {
  const { op, inputs, outputs } = node;
  if (op.kind === 'Binary' && op.clamp === undefined) {
    const [left, right] = NEUTRAL[op.fn] ?? [];
    if (isAll(editor, inputs[1], right) && sameType(editor, inputs[0], outputs[0])) return inputs[0];
    if (isAll(editor, inputs[0], left) && sameType(editor, inputs[1], outputs[0])) return inputs[1];
    return undefined;
  }
  if (op.kind === 'Where' && sameType(editor, inputs[1], outputs[0]) && isAll(editor, inputs[0], 1)) return inputs[1];
  if (op.kind === 'Where' && sameType(editor, inputs[2], outputs[0]) && isAll(editor, inputs[0], 0)) return inputs[2];
  if (op.kind !== 'Unary') return undefined;
  const before = editor.producerOf(inputs[0]);
  if (before?.op.kind !== 'Unary') return undefined;
  if (before.op.fn === op.fn && IDEMPOTENT.has(op.fn)) return inputs[0];
  if (before.op.fn === op.fn && INVOLUTIVE.has(op.fn)) return before.inputs[0];
  return op.fn === 'Relu' && NOT_NEGATIVE.has(before.op.fn) ? inputs[0] : undefined;
}

export const arithmetic: Pass = {
  name: 'arithmetic',
  purpose: 'removes neutral elements, double negation and repeated idempotent functions',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) {
      const value = equalValue(editor, node);
      if (value !== undefined) editor.bypass(node, value);
    }
    return editor.finish();
  },
};
