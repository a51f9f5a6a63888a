/** One step of a recurrent layer found in a graph, in ONNX's terms; and what the matchers of the three kinds share. */
import type { Node } from '../../ir/graph.ts';
import type { Recurrent } from '../../ir/op.ts';
import type { GraphEditor } from '../graph-editor.ts';
import { type AffineForm, affineForm, whereComputed, wholeOf } from './affine-form.ts';

export interface Cell {
  readonly kind: 'LSTM' | 'GRU' | 'RNN';
  /** The node that makes the new hidden state [N, H]. */
  readonly node: Node;
  readonly h: string;
  /** LSTM: the new and the old cell state. */
  readonly c?: string;
  readonly cBefore?: string;
  /** GRU: the old hidden state. LSTM and RNN show it only by what they multiply. */
  readonly hBefore?: string;
  /** Sums before the activations, in ONNX's order of gates: LSTM i, o, f, c; GRU z, r, h; RNN h. */
  readonly gates: readonly AffineForm[];
  /** GRU with linear_before_reset: the part of the last gate that the reset gate scales. */
  readonly afterReset?: AffineForm;
  readonly activations: Recurrent['activations'];
}

export interface Activated {
  readonly fn: string;
  readonly activation: Recurrent['activations'][number];
  readonly form: AffineForm;
}

const GATE_FUNCTIONS: ReadonlySet<string> = new Set(['Sigmoid', 'HardSigmoid']);
const CANDIDATE_FUNCTIONS: ReadonlySet<string> = new Set(['Tanh', 'Relu', 'Softsign', 'Softplus', 'Elu', 'LeakyRelu']);

export const isGate = ({ fn }: { readonly fn: string }): boolean => GATE_FUNCTIONS.has(fn);
export const isCandidate = ({ fn }: { readonly fn: string }): boolean => CANDIDATE_FUNCTIONS.has(fn);

/** An activation of any value; looked for behind splits of columns too. */
export function unaryOf(
  editor: GraphEditor,
  name: string,
):
  | {
      readonly activation: Recurrent['activations'][number];
      readonly input: string;
      readonly from: number;
      readonly to: number;
    }
  | undefined {
  const { value, from, to } = whereComputed(editor, wholeOf(editor, name));
  const producer = editor.producerOf(value);
  if (producer?.op.kind !== 'Unary') return undefined;
  const { fn, alpha, beta } = producer.op;
  const plain = fn === 'Sigmoid' || fn === 'Tanh' || fn === 'Relu' || fn === 'Softsign' || fn === 'Softplus';
  const one = fn === 'HardSigmoid' ? { alpha, beta } : plain ? { alpha: 0, beta: 0 } : { alpha, beta: 0 };
  return { activation: { fn, ...one }, input: producer.inputs[0], from, to };
}

/** An activation of an affine form. */
export function activated(editor: GraphEditor, name: string): Activated | undefined {
  const unary = unaryOf(editor, name);
  if (unary === undefined) return undefined;
  const form = affineForm(editor, { value: unary.input, from: unary.from, to: unary.to });
  return form && { fn: unary.activation.fn, activation: unary.activation, form };
}

/** The two operands of a Binary operator without a clamp, both of the full shape. */
export function operandsOf(
  editor: GraphEditor,
  name: string,
  fn: 'Add' | 'Mul' | 'Sub',
): readonly [string, string] | undefined {
  const producer = editor.producerOf(name);
  if (producer?.op.kind !== 'Binary' || producer.op.fn !== fn || producer.op.clamp !== undefined) return undefined;
  return [producer.inputs[0], producer.inputs[1]];
}

/** Both orders of the operands of a commutative operator. */
export function bothOrders(pair: readonly [string, string] | undefined): readonly (readonly [string, string])[] {
  return pair === undefined ? [] : [pair, [pair[1], pair[0]]];
}

export function negated({ terms, bias }: AffineForm): AffineForm {
  return {
    terms: terms.map(({ source, matrix }) => ({ source, matrix: { ...matrix, scale: -matrix.scale } })),
    bias: bias.map((value) => -value),
  };
}

export function sameActivation(a: Recurrent['activations'][number], b: Recurrent['activations'][number]): boolean {
  return a.fn === b.fn && a.alpha === b.alpha && a.beta === b.beta;
}
