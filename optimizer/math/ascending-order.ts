/**
 * Indices that sort numbers ascending, fast: a least-significant-digit radix sort on the upper 32 bits of each float, then insertion
 * for what those bits leave undecided. Few keys, and keys whose lower bits matter so much that insertion
 * would be slow, are merge-sorted instead.
 */

const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;
/** Insertion moves allowed per element before a comparison sort takes over. */
const MOVES_PER_ELEMENT = 16;
/** Below this the three counting passes cost more than comparing. */
const SMALL = 400;
/** Runs of this length are sorted by insertion before they are merged. */
const RUN = 12;

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

/** Bottom-up merge sort of indices. */
function mergeOrder(keys: Float64Array): Int32Array {
  const n = keys.length;
  let from = new Int32Array(n);
  for (let start = 0; start < n; start += RUN) {
    const end = Math.min(n, start + RUN);
    for (let i = start; i < end; i++) {
      const key = keys[i];
      let at = i;
      for (; at > start && keys[from[at - 1]] > key; at--) from[at] = from[at - 1];
      from[at] = i;
    }
  }
  let to = new Int32Array(n);
  for (let width = RUN; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(n, start + width);
      const end = Math.min(n, start + 2 * width);
      let a = start;
      let b = middle;
      for (let k = start; k < end; k++)
        to[k] = b >= end || (a < middle && keys[from[a]] <= keys[from[b]]) ? from[a++] : from[b++];
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Stable order of `keys` (no NaN), ascending. */
export function ascendingOrder(keys: Float64Array): Int32Array {
  const n = keys.length;
  if (n < SMALL) return mergeOrder(keys);
  const order = radixOrder(keys);
  let moves = n * MOVES_PER_ELEMENT;
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
    if (moves < 0) return mergeOrder(keys);
  }
  return order;
}
