/**
 * Tucker decomposition along the two channel modes: W [M, C, K] ≈ core ×₀ Uᵀ ×₁ Vᵀ with orthonormal rows U [r0, M], V [r1, C], from the leading
 * singular vectors of both unfoldings, improved by alternating (HOOI, De Lathauwer et al., 2000).
 */
import { leftSubspace } from './low-rank-factors.ts';

const ROUNDS = 3;

export interface Tucker2 {
  /** [r0, r1, K] */
  readonly core: Float64Array;
  /** [r0, M] */
  readonly outputBasis: Float64Array;
  /** [r1, C] */
  readonly inputBasis: Float64Array;
}

type Sizes = readonly [number, number, number];

/** basis [r, M] applied to the first mode of w [M, C, K]. */
function onOutputs(w: Float64Array, [m, c, k]: Sizes, basis: Float64Array, r: number): Float64Array {
  const result = new Float64Array(r * c * k);
  for (let i = 0; i < r; i++) {
    for (let j = 0; j < m; j++) {
      const factor = basis[i * m + j];
      for (let x = 0; x < c * k; x++) result[i * c * k + x] += factor * w[j * c * k + x];
    }
  }
  return result;
}

/** basis [r, C] applied to the second mode of w [M, C, K]. */
function onInputs(w: Float64Array, [m, c, k]: Sizes, basis: Float64Array, r: number): Float64Array {
  const result = new Float64Array(m * r * k);
  for (let o = 0; o < m; o++) {
    for (let i = 0; i < r; i++) {
      for (let j = 0; j < c; j++) {
        const factor = basis[i * c + j];
        for (let x = 0; x < k; x++) result[(o * r + i) * k + x] += factor * w[(o * c + j) * k + x];
      }
    }
  }
  return result;
}

/** Second mode first: [M, C, K] -> [C, M, K]. */
function inputsFirst(w: Float64Array, [m, c, k]: Sizes): Float64Array {
  const result = new Float64Array(w.length);
  for (let o = 0; o < m; o++) {
    for (let i = 0; i < c; i++) {
      const from = (o * c + i) * k;
      result.set(w.subarray(from, from + k), (i * m + o) * k);
    }
  }
  return result;
}

/** Ranks are at most the sizes of their modes. */
export function tucker2(w: Float64Array, sizes: Sizes, [r0, r1]: readonly [number, number]): Tucker2 {
  const [m, c, k] = sizes;
  let inputBasis = leftSubspace(inputsFirst(w, sizes), c, m * k, r1);
  let outputBasis = new Float64Array(0);
  for (let round = 0; round < ROUNDS; round++) {
    outputBasis = new Float64Array(leftSubspace(onInputs(w, sizes, inputBasis, r1), m, r1 * k, r0));
    const narrow = onOutputs(w, sizes, outputBasis, r0);
    inputBasis = leftSubspace(inputsFirst(narrow, [r0, c, k]), c, r0 * k, r1);
  }
  const core = onInputs(onOutputs(w, sizes, outputBasis, r0), [r0, c, k], inputBasis, r1);
  return { core, outputBasis, inputBasis };
}
