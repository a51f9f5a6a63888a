/**
 * Einsum as diagonals, sums, transposes, reshapes and a matrix product for each operand behind the first. Labels of two operands fall
 * into batch (in both and in the result), left and right (in one and in the result), contracted (in both, not in the result) and summed
 * (in one, not in the result).
 */
import { elementCount } from '../../ir/tensor.ts';
import { badAttribute } from '../attributes.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

/** An operand with one label for each axis. */
interface Labelled {
  readonly value: Value;
  readonly labels: readonly string[];
}

interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/** The axes that `...` stands for get the labels 0, 1, 2 …, counted from the last. */
function labelsOf(term: string, rank: number | undefined, ellipsis: number): string[] {
  const [before, after, ...rest] = term.split('...');
  if (rest.length > 0 || !/^[A-Za-z]*$/.test(`${before}${after ?? ''}`)) throw badAttribute('equation', 'is not valid');
  if (after === undefined) return [...before];
  const count = rank === undefined ? ellipsis : rank - before.length - after.length;
  return [...before, ...Array.from({ length: Math.max(0, count) }, (_, i) => String(count - 1 - i)), ...after];
}

function parse(c: NodeContext): Equation {
  const text = c.attributes.string('equation', '').replaceAll(' ', '');
  const [left, right, ...rest] = text.split('->');
  const parts = left.split(',');
  if (rest.length > 0 || parts.length !== c.inputs.length) throw badAttribute('equation', 'does not fit the operands');
  const terms = parts.map((term, i) => labelsOf(term, c.rank(i), 0));
  terms.forEach((labels, i) => {
    if (labels.length !== c.rank(i)) throw badAttribute('equation', `does not fit operand ${i} of rank ${c.rank(i)}`);
  });
  const hidden = Math.max(0, ...terms.map((labels) => labels.filter((label) => /\d/.test(label)).length));
  if (right !== undefined) return { terms, result: labelsOf(right, undefined, hidden) };
  const all = terms.flat();
  const once = [...new Set(all)].filter(
    (label) => /\d/.test(label) || all.filter((other) => other === label).length === 1,
  );
  return {
    terms,
    result: once.sort((a, b) => (/\d/.test(a) && /\d/.test(b) ? Number(b) - Number(a) : a < b ? -1 : 1)),
  };
}

/** Sums the labels that are wanted nowhere else. */
function sumUnused(c: NodeContext, { value, labels }: Labelled, wanted: ReadonlySet<string>): Labelled {
  const axes = labels.flatMap((label, axis) => (wanted.has(label) ? [] : [axis]));
  if (axes.length === 0) return { value, labels };
  return {
    value: c.step({ kind: 'Reduce', fn: 'Sum', axes, keepDims: false }, value),
    labels: labels.filter((label) => wanted.has(label)),
  };
}

function arrange(c: NodeContext, { value, labels }: Labelled, order: readonly string[]): Value {
  const perm = order.map((label) => labels.indexOf(label));
  return perm.every((axis, i) => axis === i) ? value : c.step({ kind: 'Transpose', perm }, value);
}

function multiply(c: NodeContext, a: Labelled, b: Labelled, result: readonly string[]): Labelled {
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => result.includes(label));
  const inner = both.filter((label) => !result.includes(label));
  const [left, right] = [a, b].map(({ labels }) => labels.filter((label) => !both.includes(label)));
  const sizeOf = (label: string): number => {
    const [i, j] = [a.labels.indexOf(label), b.labels.indexOf(label)];
    const [m, n] = [a.value.type.shape[i] ?? 1, b.value.type.shape[j] ?? 1];
    if (i >= 0 && j >= 0 && m !== n)
      throw c.unsupported('Einsum broadcasts an axis of size 1', 'Expand the operand first.');
    return i >= 0 ? m : n;
  };
  const count = (labels: readonly string[]): number => elementCount(labels.map(sizeOf));
  const shaped = (x: Labelled, order: readonly string[], shape: readonly number[]): Value =>
    c.step({ kind: 'Reshape', shape }, arrange(c, x, order));
  const product = c.step(
    { kind: 'MatMul' },
    shaped(a, [...batch, ...left, ...inner], [count(batch), count(left), count(inner)]),
    shaped(b, [...batch, ...inner, ...right], [count(batch), count(inner), count(right)]),
  );
  const labels = [...batch, ...left, ...right];
  return { value: c.step({ kind: 'Reshape', shape: labels.map(sizeOf) }, product), labels };
}

/** An operand with each label once: of axes with the same label only the elements with equal indices count. */
function withoutRepeats(c: NodeContext, { value, labels }: Labelled): Labelled {
  const repeated = labels.find((label, axis) => labels.indexOf(label) !== axis);
  if (repeated === undefined) return { value, labels };
  const second = labels.lastIndexOf(repeated);
  const first = labels.indexOf(repeated);
  const size = value.type.shape[first];
  if (value.type.shape[second] !== size)
    throw c.unsupported('Einsum broadcasts an axis of size 1', 'Expand the operand first.');
  const others = labels.flatMap((_, axis) => (axis === first || axis === second ? [] : [axis]));
  const moved = c.step({ kind: 'Transpose', perm: [...others, first, second] }, value);
  const kept = others.map((axis) => value.type.shape[axis]);
  const flat = c.step({ kind: 'Reshape', shape: [...kept, size * size] }, moved);
  const ones = others.map(() => 1);
  const op = {
    kind: 'Slice',
    starts: others.map(() => 0).concat(0),
    steps: [...ones, size + 1],
    sizes: [...kept, size],
  } as const;
  const diagonal = c.step(op, flat);
  return withoutRepeats(c, { value: diagonal, labels: [...others.map((axis) => labels[axis]), repeated] });
}

function einsum(c: NodeContext): readonly Value[] {
  const { terms, result } = parse(c);
  if (new Set(result).size !== result.length) throw badAttribute('equation', 'repeats a label in its result');
  const [first, ...others] = terms.map((labels, i) => {
    const elsewhere = terms.flatMap((other, j) => (i === j ? [] : other));
    const operand = withoutRepeats(c, { value: c.input(i, 'operand'), labels });
    return sumUnused(c, operand, new Set([...result, ...elsewhere]));
  });
  // What a later operand needs is kept like a label of the result.
  const { value, labels } = others.reduce(
    (product, operand, i) =>
      multiply(c, product, operand, [...result, ...others.slice(i + 1).flatMap((later) => later.labels)]),
    first,
  );
  if (labels.length !== result.length) throw badAttribute('equation', 'names a result label that no operand has');
  return c.result({ kind: 'Transpose', perm: result.map((label) => labels.indexOf(label)) }, [value]);
}

export const EINSUM: ConverterTable = { Einsum: einsum };
