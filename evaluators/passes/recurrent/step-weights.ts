/** The weights of one step, parted into those of the input and those of the old hidden state, and when two steps share them. */
import type { GraphEditor } from '../graph-editor.ts';
import type { AffineForm, Source, Term } from './affine-form.ts';
import { type Cell, sameActivation } from './cell.ts';
import { type MatrixView, sameMatrix } from './matrix-view.ts';

export interface StepWeights {
  readonly x: Source;
  /** Absent in a first step whose state is zero: its products were folded away. */
  readonly h: Source | undefined;
  /** Per gate. */
  readonly input: readonly MatrixView[];
  readonly recurrent: readonly (MatrixView | undefined)[];
  readonly inputBias: readonly Float64Array[];
  /** Not zero only behind the reset gate of a GRU. */
  readonly recurrentBias: readonly Float64Array[];
}

interface Parted {
  readonly x: Term | undefined;
  readonly h: Term | undefined;
}

/** undefined when there are more terms than one of each. */
function part({ terms }: AffineForm, hKey: string | undefined): Parted | undefined {
  const own = terms.filter(({ source }) => source.key === hKey);
  const others = terms.filter(({ source }) => source.key !== hKey);
  return own.length > 1 || others.length > 1 ? undefined : { h: own[0], x: others[0] };
}

/** The weights when the source `hKey` is the old hidden state; undefined when the step does not have that form. */
export function stepWeights(cell: Cell, hKey: string | undefined): StepWeights | undefined {
  const { gates, afterReset } = cell;
  const parts = gates.map((form) => part(form, hKey));
  const reset = afterReset === undefined ? undefined : part(afterReset, hKey);
  if (afterReset !== undefined && (reset === undefined || reset.x !== undefined)) return undefined;
  const input: MatrixView[] = [];
  const recurrent: (MatrixView | undefined)[] = [];
  let [x, h]: (Source | undefined)[] = [undefined, undefined];
  for (const [gate, found] of parts.entries()) {
    const fromState = reset !== undefined && gate === gates.length - 1 ? reset.h : found?.h;
    if (found?.x === undefined || (reset !== undefined && gate === gates.length - 1 && found.h !== undefined))
      return undefined;
    if (x !== undefined && x.key !== found.x.source.key) return undefined;
    x = found.x.source;
    h = fromState?.source ?? h;
    input.push(found.x.matrix);
    recurrent.push(fromState?.matrix);
  }
  if (x === undefined) return undefined;
  const inputBias = gates.map(({ bias }) => bias);
  const recurrentBias = gates.map(({ bias }, gate) =>
    afterReset !== undefined && gate === gates.length - 1 ? afterReset.bias : new Float64Array(bias.length),
  );
  return { x, h, input, recurrent, inputBias, recurrentBias };
}

/** Biases are sums that exporters fold in different orders. */
function nearlyEqual(a: readonly Float64Array[], b: readonly Float64Array[]): boolean {
  return a.every((row, gate) =>
    row.every((value, i) => Math.abs(value - b[gate][i]) <= 1e-6 * Math.max(1, Math.abs(value))),
  );
}

/** Whether two steps are of one layer. A product that one of them lacks does not tell them apart. */
export function sameLayer(editor: GraphEditor, a: Cell, wa: StepWeights, b: Cell, wb: StepWeights): boolean {
  return (
    a.kind === b.kind &&
    (a.afterReset === undefined) === (b.afterReset === undefined) &&
    a.activations.every((activation, i) => sameActivation(activation, b.activations[i])) &&
    wa.inputBias.every((row, gate) => row.length === wb.inputBias[gate].length) &&
    nearlyEqual(wa.inputBias, wb.inputBias) &&
    nearlyEqual(wa.recurrentBias, wb.recurrentBias) &&
    wa.input.every((view, gate) => sameMatrix(editor, view, wb.input[gate])) &&
    wa.recurrent.every((view, gate) => {
      const other = wb.recurrent[gate];
      return view === undefined || other === undefined || sameMatrix(editor, view, other);
    })
  );
}
