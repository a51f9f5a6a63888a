/**
 * Weights in the order the engine's matrix product reads them: int16 with the zero point subtracted, per group blocks of four
 * rows [block][pair of k][4][2], missing rows and an odd last k filled with zero; a group of one row is [pair][2].
 */
export function packWeights(
  weight: ArrayLike<number>,
  zeros: Float64Array,
  rows: number,
  groups: number,
  depth: number,
  at: (row: number, k: number) => number = (row, k) => row * depth + k,
): Int16Array {
  const perGroup = rows / groups;
  const pairs = Math.ceil(depth / 2);
  const height = perGroup === 1 ? 1 : 4;
  const blocks = Math.ceil(perGroup / height);
  const packed = new Int16Array(groups * blocks * pairs * height * 2);
  for (let group = 0; group < groups; group++) {
    for (let r = 0; r < perGroup; r++) {
      const row = group * perGroup + r;
      const base = (group * blocks + Math.floor(r / height)) * pairs * height * 2 + (r % height) * 2;
      for (let k = 0; k < depth; k++) {
        packed[base + Math.floor(k / 2) * height * 2 + (k % 2)] = weight[at(row, k)] - zeros[row];
      }
    }
  }
  return packed;
}
