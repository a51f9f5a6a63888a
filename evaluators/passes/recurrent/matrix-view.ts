/** A part of a constant matrix, scaled: rows and columns of `constant`, or of its transpose. Read only when a layer has been recognised. */
import type { Tensor } from '../../ir/tensor.ts';
import { numbersOf } from '../../ops/elements.ts';
import type { GraphEditor } from '../graph-editor.ts';

export interface MatrixView {
  readonly constant: string;
  readonly transposed: boolean;
  /** First and behind the last row (input) and column (output). */
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  readonly scale: number;
}

function equalData(a: Tensor | undefined, b: Tensor | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.data.length !== b.data.length) return false;
  for (let i = 0; i < a.data.length; i++) if (a.data[i] !== b.data[i]) return false;
  return true;
}

/** Whether both show the same numbers at the same places. Exporters often store a weight once per step. */
export function sameMatrix(editor: GraphEditor, a: MatrixView, b: MatrixView): boolean {
  const placed =
    a.transposed === b.transposed &&
    a.scale === b.scale &&
    a.rows.every((row, i) => row === b.rows[i]) &&
    a.columns.every((column, i) => column === b.columns[i]);
  if (!placed) return false;
  return a.constant === b.constant || equalData(editor.constant(a.constant), editor.constant(b.constant));
}

/** Writes the transpose of the view, one row per column of it, to `out` from `at` on. */
export function writeTransposed(editor: GraphEditor, view: MatrixView, out: Float32Array, at: number): void {
  const constant = editor.constant(view.constant);
  if (constant === undefined) throw new Error(`${JSON.stringify(view.constant)} is not a constant`);
  const values = numbersOf(constant);
  const width = constant.shape[1];
  const [firstRow, endRow] = view.rows;
  let to = at;
  for (let column = view.columns[0]; column < view.columns[1]; column++) {
    for (let row = firstRow; row < endRow; row++) {
      out[to++] = view.scale * values[view.transposed ? column * width + row : row * width + column];
    }
  }
}
