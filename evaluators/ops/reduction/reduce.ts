/** Reduce: one value over `axes` (sorted, non-negative; empty = none, the input itself after the function's element part). */
import type { OpOf, ReduceFunction } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { positions } from '../broadcast.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput } from '../operator.ts';

function inferShape(op: OpOf<'Reduce'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  for (const axis of op.axes) normalizeAxis(axis, x.shape.length);
  const reduced = new Set(op.axes);
  check(reduced.size === op.axes.length, `axes ${op.axes.join(', ')} name an axis twice`);
  const shape = x.shape
    .map((size, axis) => (reduced.has(axis) ? 1 : size))
    .filter((_, axis) => op.keepDims || !reduced.has(axis));
  return [{ dtype: x.dtype, shape }];
}

interface Folding {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  readonly end: (sum: number, count: number) => number;
}

const same = (sum: number): number => sum;

const FOLDINGS: { readonly [F in ReduceFunction]: Folding } = {
  L1: { start: 0, step: (sum, x) => sum + Math.abs(x), end: same },
  L2: { start: 0, step: (sum, x) => sum + x * x, end: Math.sqrt },
  LogSum: { start: 0, step: (sum, x) => sum + x, end: Math.log },
  LogSumExp: { start: 0, step: (sum, x) => sum + Math.exp(x), end: Math.log },
  Max: { start: Number.NEGATIVE_INFINITY, step: Math.max, end: same },
  Mean: { start: 0, step: (sum, x) => sum + x, end: (sum, count) => sum / count },
  Min: { start: Number.POSITIVE_INFINITY, step: Math.min, end: same },
  Prod: { start: 1, step: (sum, x) => sum * x, end: same },
  Sum: { start: 0, step: (sum, x) => sum + x, end: same },
  SumSquare: { start: 0, step: (sum, x) => sum + x * x, end: same },
};

export const reduce: OpDefinition<'Reduce'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const x = numbersOf(input);
    const { shape } = input;
    const strides = stridesOf(shape);
    const kept = shape.map((_, axis) => axis).filter((axis) => !op.axes.includes(axis));
    const starts = positions(
      kept.map((axis) => shape[axis]),
      kept.map((axis) => strides[axis]),
    );
    const offsets = positions(
      op.axes.map((axis) => shape[axis]),
      op.axes.map((axis) => strides[axis]),
    );
    const out = scratchFor(type);
    const { start, step, end } = FOLDINGS[op.fn];
    for (let i = 0; i < out.length; i++) {
      const first = starts[i];
      // The exponentials are taken relative to the largest element, so that they cannot overflow.
      const shift = op.fn === 'LogSumExp' ? largestOf(x, first, offsets) : 0;
      let sum = start;
      for (let j = 0; j < offsets.length; j++) sum = step(sum, x[first + offsets[j]] - shift);
      out[i] = end(sum, elementCount(op.axes.map((axis) => shape[axis]))) + shift;
    }
    return [tensorOf(type, out)];
  },
};

function largestOf(x: ArrayLike<number>, first: number, offsets: Int32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < offsets.length; j++) largest = Math.max(largest, x[first + offsets[j]]);
  return Number.isFinite(largest) ? largest : 0;
}
