/**
 * What a value [N, W] is as a sum of matrix products and a constant vector:  v = Σ sourceₖ · Mₖ + bias.  Followed backwards through MatMul, Gemm,
 * sums, splits of columns, concatenated operands, and through a projection that was made for all steps of a sequence at once.
 */
import type { Node } from '../../ir/graph.ts';
import { numbersOf } from '../../ops/elements.ts';
import type { GraphEditor } from '../graph-editor.ts';
import { type Piece, pieceOf } from '../piece-of.ts';
import type { MatrixView } from './matrix-view.ts';

/** A value [N, K], or a piece of a tensor that has to be cut out yet. */
export interface Source {
  /** Equal for equal sources. */
  readonly key: string;
  /** Absent when only `piece` names it. */
  readonly value?: string;
  readonly piece?: Piece;
}

export interface Term {
  readonly source: Source;
  readonly matrix: MatrixView;
}

export interface AffineForm {
  readonly terms: readonly Term[];
  readonly bias: Float64Array;
}

/** Columns `from` … `to` − 1 of a value. */
export interface Columns {
  readonly value: string;
  readonly from: number;
  readonly to: number;
}

/** Nodes looked at for one form; exporters need a handful. */
const MOST_NODES = 32;
/** Elements of a constant that may be a repeated row. */
const MOST_ELEMENTS = 2 ** 20;

const lastAxis = (editor: GraphEditor, name: string): number => editor.typeOf(name).shape.length - 1;

/** The columns where they were computed: before Split and Slice along the last axis. */
export function whereComputed(editor: GraphEditor, { value, from, to }: Columns): Columns {
  const producer = editor.producerOf(value);
  if (producer === undefined) return { value, from, to };
  const { op, inputs, outputs } = producer;
  const last = lastAxis(editor, value);
  if (op.kind === 'Split' && op.axis === last) {
    const before = op.sizes.slice(0, outputs.indexOf(value)).reduce((sum, size) => sum + size, 0);
    return whereComputed(editor, { value: inputs[0], from: from + before, to: to + before });
  }
  if (op.kind === 'Slice') {
    const { shape } = editor.typeOf(inputs[0]);
    const whole = op.sizes.every((size, axis) => axis === last || size === shape[axis]);
    if (whole && op.steps[last] === 1) {
      const start = op.starts[last];
      return whereComputed(editor, { value: inputs[0], from: from + start, to: to + start });
    }
  }
  return { value, from, to };
}

export function wholeOf(editor: GraphEditor, value: string): Columns {
  return { value, from: 0, to: editor.typeOf(value).shape.at(-1) ?? 1 };
}

function sourceOf(editor: GraphEditor, value: string): Source {
  const piece = pieceOf(editor, value);
  return piece === undefined ? { key: value, value } : { key: keyOf(piece), value, piece };
}

const keyOf = ({ tensor, axis, index }: Piece): string => `${tensor}[${axis}:${index}]`;

/** The constant as one number per column, when all its rows are equal. */
function constantRow(editor: GraphEditor, { value, from, to }: Columns): Float64Array | undefined {
  const constant = editor.constant(value);
  if (constant?.dtype !== 'float32' || constant.data.length > MOST_ELEMENTS) return undefined;
  const values = numbersOf(constant);
  const width = constant.shape.at(-1) ?? 1;
  if (values.length === 1) return new Float64Array(to - from).fill(values[0]);
  if (width < to) return undefined;
  for (let i = width; i < values.length; i++) if (values[i] !== values[i - width]) return undefined;
  return Float64Array.from(values.slice(from, to));
}

function sum(forms: readonly (AffineForm | undefined)[]): AffineForm | undefined {
  const terms: Term[] = [];
  let bias: Float64Array | undefined;
  for (const form of forms) {
    if (form === undefined) return undefined;
    for (const term of form.terms) {
      if (terms.some(({ source }) => source.key === term.source.key)) return undefined;
      terms.push(term);
    }
    const before = bias;
    bias = before === undefined ? form.bias : form.bias.map((value, i) => value + before[i]);
  }
  return bias === undefined ? undefined : { terms, bias };
}

/** source · matrix, a concatenated source taken apart. */
function product(editor: GraphEditor, source: string, matrix: MatrixView): Term[] {
  const producer = editor.producerOf(source);
  if (producer?.op.kind !== 'Concat' || producer.op.axis !== lastAxis(editor, source))
    return [{ source: sourceOf(editor, source), matrix }];
  let row = matrix.rows[0];
  return producer.inputs.map((part): Term => {
    const from = row;
    row += editor.typeOf(part).shape.at(-1) ?? 1;
    return { source: sourceOf(editor, part), matrix: { ...matrix, rows: [from, row] } };
  });
}

/** The second operand of a product as a matrix; undefined when it is no constant one. */
function weight(
  editor: GraphEditor,
  name: string,
  transposed: boolean,
  scale: number,
  columns: readonly [number, number],
): MatrixView | undefined {
  const constant = editor.constant(name);
  if (constant?.dtype !== 'float32' || constant.shape.length !== 2) return undefined;
  return { constant: name, transposed, scale, columns, rows: [0, constant.shape[transposed ? 1 : 0]] };
}

function ofLinear(editor: GraphEditor, node: Node, from: number, to: number): AffineForm | undefined {
  const { op, inputs } = node;
  const zero: AffineForm = { terms: [], bias: new Float64Array(to - from) };
  if (op.kind === 'MatMul') {
    const matrix = op.clamp === undefined ? weight(editor, inputs[1], false, 1, [from, to]) : undefined;
    return matrix && { ...zero, terms: product(editor, inputs[0], matrix) };
  }
  if (op.kind !== 'Gemm' || op.transA || op.clamp !== undefined) return undefined;
  const matrix = weight(editor, inputs[1], op.transB, op.alpha, [from, to]);
  if (matrix === undefined) return undefined;
  const added = inputs[2] === undefined || inputs[2] === '' ? undefined : inputs[2];
  const row = added === undefined ? zero.bias : constantRow(editor, { value: added, from, to });
  return row && { terms: product(editor, inputs[0], matrix), bias: row.map((value) => value * op.beta) };
}

/** A row of a projection of a whole sequence: piece(X · M + b) = piece(X) · M + b. */
function ofProjectedPiece(editor: GraphEditor, value: string, from: number, to: number): AffineForm | undefined {
  const piece = pieceOf(editor, value);
  if (piece === undefined || piece.axis === lastAxis(editor, piece.tensor)) return undefined;
  const bias = new Float64Array(to - from);
  let tensor = piece.tensor;
  for (let count = 0; count < MOST_NODES; count++) {
    const producer = editor.producerOf(tensor);
    if (producer === undefined) return undefined;
    const { op, inputs } = producer;
    if (op.kind === 'MatMul' && op.clamp === undefined) {
      const matrix = weight(editor, inputs[1], false, 1, [from, to]);
      if (matrix === undefined) return undefined;
      const place: Piece = { ...piece, tensor: inputs[0] };
      return { terms: [{ source: { key: keyOf(place), piece: place }, matrix }], bias };
    }
    if (op.kind !== 'Binary' || op.fn !== 'Add' || op.clamp !== undefined) return undefined;
    const side = editor.constant(inputs[1]) === undefined ? 0 : 1;
    const row = constantRow(editor, { value: inputs[side], from, to });
    if (row === undefined) return undefined;
    for (let i = 0; i < row.length; i++) bias[i] += row[i];
    tensor = inputs[1 - side];
  }
  return undefined;
}

function sameShape(editor: GraphEditor, name: string, shape: readonly number[]): boolean {
  const own = editor.typeOf(name).shape;
  return own.length === shape.length && own.every((size, axis) => size === shape[axis]);
}

/** The form of the given columns; undefined when the value is none, or reads a source twice. */
export function affineForm(
  editor: GraphEditor,
  columns: Columns,
  budget: { left: number } = { left: MOST_NODES },
): AffineForm | undefined {
  const { value, from, to } = whereComputed(editor, columns);
  const row = constantRow(editor, { value, from, to });
  if (row !== undefined) return { terms: [], bias: row };
  const { shape, dtype } = editor.typeOf(value);
  if (dtype !== 'float32' || shape.length !== 2 || to > shape[1] || budget.left-- <= 0) return undefined;
  const producer = editor.producerOf(value);
  if (producer === undefined) return undefined;
  const { op, inputs } = producer;
  const added =
    (op.kind === 'Binary' && op.fn === 'Add' && op.clamp === undefined) || (op.kind === 'Variadic' && op.fn === 'Sum');
  if (added) {
    const repeated = inputs.some((input) => editor.constant(input) === undefined && !sameShape(editor, input, shape));
    return repeated ? undefined : sum(inputs.map((input) => affineForm(editor, { value: input, from, to }, budget)));
  }
  return ofLinear(editor, producer, from, to) ?? ofProjectedPiece(editor, value, from, to);
}
