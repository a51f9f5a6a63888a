/**
 * One GRU step:  h' = (1 − z) ⊙ n + z ⊙ h, also written n + z ⊙ (h − n), or with the complement of z. The candidate is
 * n = g(x Wn + bn + r ⊙ (h Rn + bh)) (linear before reset) or n = g(x Wn + (r ⊙ h) Rn + b).
 */
import type { Node } from '../../ir/graph.ts';
import type { GraphEditor } from '../graph-editor.ts';
import { type AffineForm, affineForm, wholeOf } from './affine-form.ts';
import {
  type Activated,
  activated,
  bothOrders,
  type Cell,
  isCandidate,
  isGate,
  negated,
  operandsOf,
  sameActivation,
  unaryOf,
} from './cell.ts';

/** What is mixed: weight z for the old state, 1 − z for the candidate. */
interface Mixture {
  readonly z: Activated;
  readonly n: string;
  readonly hBefore: string;
}

function isOnes(editor: GraphEditor, name: string): boolean {
  const constant = editor.constant(name);
  return (
    constant !== undefined &&
    constant.data.length > 0 &&
    constant.data.every((value: number | bigint) => Number(value) === 1)
  );
}

/** The name of z where `name` is 1 − z. */
function complementOf(editor: GraphEditor, name: string): string | undefined {
  const operands = operandsOf(editor, name, 'Sub');
  return operands !== undefined && isOnes(editor, operands[0]) ? operands[1] : undefined;
}

/** (1 − z) ⊙ a + z ⊙ b: either of a and b may be the candidate. */
function weightedSum(editor: GraphEditor, name: string): Mixture | undefined {
  for (const [first, second] of bothOrders(operandsOf(editor, name, 'Add'))) {
    for (const [rest, a] of bothOrders(operandsOf(editor, first, 'Mul'))) {
      const gate = complementOf(editor, rest);
      const z = gate === undefined ? undefined : activated(editor, gate);
      if (gate === undefined || z === undefined || !isGate(z)) continue;
      for (const [left, b] of bothOrders(operandsOf(editor, second, 'Mul'))) {
        if (left !== gate) continue;
        const [ofA, ofB] = [unaryOf(editor, a), unaryOf(editor, b)];
        if (ofA !== undefined && isCandidate(ofA.activation)) return { z, n: a, hBefore: b };
        // 1 − σ(s) = σ(−s)
        if (ofB !== undefined && isCandidate(ofB.activation) && z.fn === 'Sigmoid')
          return { z: { ...z, form: negated(z.form) }, n: b, hBefore: a };
      }
    }
  }
  return undefined;
}

/** n + z ⊙ (h − n). */
function correction(editor: GraphEditor, name: string): Mixture | undefined {
  for (const [n, product] of bothOrders(operandsOf(editor, name, 'Add'))) {
    for (const [gate, difference] of bothOrders(operandsOf(editor, product, 'Mul'))) {
      const operands = operandsOf(editor, difference, 'Sub');
      if (operands === undefined) continue;
      const z = activated(editor, gate);
      if (operands[1] === n && z !== undefined && isGate(z)) return { z, n, hBefore: operands[0] };
    }
  }
  return undefined;
}

interface Candidate {
  readonly r: Activated;
  readonly form: AffineForm;
  readonly afterReset?: AffineForm;
}

/** x Wn + bn + r ⊙ (h Rn + bh) */
function resetAfter(editor: GraphEditor, sum: string): Candidate | undefined {
  for (const [left, right] of bothOrders(operandsOf(editor, sum, 'Add'))) {
    for (const [gate, inner] of bothOrders(operandsOf(editor, right, 'Mul'))) {
      const r = activated(editor, gate);
      const form = affineForm(editor, wholeOf(editor, left));
      const afterReset = affineForm(editor, wholeOf(editor, inner));
      if (r !== undefined && isGate(r) && form !== undefined && afterReset !== undefined)
        return { r, form, afterReset };
    }
  }
  return undefined;
}

/** x Wn + (r ⊙ h) Rn + b; the product is the term whose source is r ⊙ h. */
function resetBefore(editor: GraphEditor, sum: string, hBefore: string): Candidate | undefined {
  const form = affineForm(editor, wholeOf(editor, sum));
  for (const { source } of form?.terms ?? []) {
    if (source.value === undefined) continue;
    for (const [gate, state] of bothOrders(operandsOf(editor, source.value, 'Mul'))) {
      const r = state === hBefore ? activated(editor, gate) : undefined;
      if (form === undefined || r === undefined || !isGate(r)) continue;
      const terms = form.terms.map((term) =>
        term.source.key === source.key ? { ...term, source: { key: hBefore, value: hBefore } } : term,
      );
      return { r, form: { ...form, terms } };
    }
  }
  return undefined;
}

export function gruCell(editor: GraphEditor, node: Node): Cell | undefined {
  const [h] = node.outputs;
  const mixture = weightedSum(editor, h) ?? correction(editor, h);
  const outer = mixture && unaryOf(editor, mixture.n);
  if (mixture === undefined || outer === undefined || !isCandidate(outer.activation)) return undefined;
  if (outer.from !== 0 || outer.to !== editor.typeOf(outer.input).shape.at(-1)) return undefined;
  const { z, hBefore } = mixture;
  const candidate = resetAfter(editor, outer.input) ?? resetBefore(editor, outer.input, hBefore);
  if (candidate === undefined || !sameActivation(candidate.r.activation, z.activation)) return undefined;
  const { r, form, afterReset } = candidate;
  return {
    kind: 'GRU',
    node,
    h,
    hBefore,
    gates: [z.form, r.form, form],
    ...(afterReset === undefined ? {} : { afterReset }),
    activations: [z.activation, outer.activation],
  };
}
