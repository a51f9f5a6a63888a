/** Walks the lines of a tensor along one axis: `visit(start, step)` for each, elements at start + i · step. */
import { elementCount } from '../../ir/tensor.ts';

export function eachLine(
  shape: readonly number[],
  axis: number,
  visit: (start: number, step: number, line: number) => void,
): void {
  const step = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < step; i++) visit(o * step * shape[axis] + i, step, o * step + i);
  }
}
