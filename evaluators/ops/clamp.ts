/** The activation folded into a producing operator. */
import type { FusedClamp } from '../ir/op.ts';
import type { NumberArray } from './elements.ts';

/** values[i] = min(max(values[i], clamp.min), clamp.max) in place; NaN stays NaN. */
export function applyClamp(values: NumberArray, clamp: FusedClamp | undefined): void {
  if (clamp === undefined) return;
  const { min, max } = clamp;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < min) values[i] = min;
    else if (values[i] > max) values[i] = max;
  }
}
