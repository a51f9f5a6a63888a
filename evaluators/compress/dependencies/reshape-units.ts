/**
 * How units travel through a reshape. Input and output axes are grouped into the smallest blocks of equal element count; inside
 * a block, one axis with units may be spread over a single output axis (flatten: C -> C·H·W, each unit H·W times) or passed to
 * the one output axis of its size. Anything else cannot shrink.
 */
import type { AxisUnits, ValueUnits } from './unit-space.ts';

interface Block {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export function reshapeBlocks(from: readonly number[], to: readonly number[]): Block[] {
  const blocks: Block[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const block = { from: [] as number[], to: [] as number[] };
    let [a, b] = [1, 1];
    do {
      if (i < from.length && (a <= b || j >= to.length)) {
        a *= from[i];
        block.from.push(i++);
      } else {
        b *= to[j];
        block.to.push(j++);
      }
    } while (a !== b && (i < from.length || j < to.length));
    blocks.push(block);
  }
  return blocks;
}

/** Units of the output axes; `lost` receives units of axes that cannot be followed. */
export function reshapeUnits(
  units: ValueUnits,
  from: readonly number[],
  to: readonly number[],
  lost: (axis: Int32Array) => void,
): AxisUnits[] {
  const result: AxisUnits[] = to.map(() => null);
  for (const block of reshapeBlocks(from, to)) {
    const carriers = block.from.filter((axis) => units[axis] != null);
    if (carriers.length === 0) continue;
    const targets = block.to.filter((axis) => to[axis] !== 1);
    const sources = block.from.filter((axis) => from[axis] !== 1);
    const [carrier] = carriers;
    const own = units[carrier];
    if (own == null) continue;
    if (targets.length === 0 && block.to.length > 0) {
      result[block.to[0]] = own;
    } else if (carriers.length === 1 && targets.length === 1) {
      result[targets[0]] = spread(own, block.from, from, carrier, to[targets[0]]);
    } else if (
      carriers.length === 1 &&
      sources.length === targets.length &&
      sources.every((s, k) => from[s] === to[targets[k]])
    ) {
      result[targets[sources.indexOf(carrier)]] = own;
    } else {
      for (const axis of carriers) {
        const gone = units[axis];
        if (gone != null) lost(gone);
      }
    }
  }
  return result;
}

/** Unit of each element of the block in row-major order. */
function spread(
  own: Int32Array,
  axes: readonly number[],
  from: readonly number[],
  carrier: number,
  length: number,
): Int32Array {
  const inner = axes.filter((axis) => axis > carrier).reduce((product, axis) => product * from[axis], 1);
  return Int32Array.from({ length }, (_, i) => own[Math.floor(i / inner) % own.length]);
}
