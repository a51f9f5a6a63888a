/**
 * Indices that sort numbers ascending, fast: a least-significant-digit radix sort on the upper 32 bits of each float, then insertion
 * for what those bits leave undecided. Where the lower bits matter so much that insertion would be slow, a comparison sort finishes.
 */

const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;
/** Insertion moves allowed per element before a comparison sort takes over. */
const MOVES_PER_ELEMENT = 16;
/** Below this the three counting passes cost more than comparing. */
const SMALL = 64;

/** Maps the upper word of a float to an unsigned word with the same order. */
const sortableWord = (high: number): number => (high & 0x80000000 ? ~high : high | 0x80000000) >>> 0;

function radixOrder(keys: Float64Array): Int32Array {
  const n = keys.length;
  // Adding zero turns −0 into 0, so that the two are equal in bits as well.
  const words = new Uint32Array(n);
  const cell = new Float64Array(1);
  const bits = new Uint32Array(cell.buffer);
  for (let i = 0; i < n; i++) {
    cell[0] = keys[i] + 0;
    words[i] = sortableWord(bits[1]);
  }
  let from = new Int32Array(n);
  let to = new Int32Array(n);
  for (let i = 0; i < n; i++) from[i] = i;
  const starts = new Int32Array(BUCKETS);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    starts.fill(0);
    for (let i = 0; i < n; i++) starts[(words[i] >>> shift) & (BUCKETS - 1)]++;
    let sum = 0;
    for (let b = 0; b < BUCKETS; b++) {
      const count = starts[b];
      starts[b] = sum;
      sum += count;
    }
    for (let i = 0; i < n; i++) to[starts[(words[from[i]] >>> shift) & (BUCKETS - 1)]++] = from[i];
    [from, to] = [to, from];
  }
  return from;
}

/** Stable order of `keys` (no NaN), ascending. */
export function ascendingOrder(keys: Float64Array): Int32Array {
  const n = keys.length;
  const order = n < SMALL ? Int32Array.from(keys, (_, i) => i) : radixOrder(keys);
  let moves = n * MOVES_PER_ELEMENT;
  if (n < SMALL) moves = n * n;
  for (let i = 1; i < n; i++) {
    const index = order[i];
    const key = keys[index];
    let at = i;
    while (at > 0 && keys[order[at - 1]] > key) {
      order[at] = order[at - 1];
      at--;
    }
    order[at] = index;
    moves -= i - at;
    if (moves < 0) return Int32Array.from(keys, (_, k) => k).sort((a, b) => keys[a] - keys[b] || a - b);
  }
  return order;
}
