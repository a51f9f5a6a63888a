/** Canonical Huffman codes: lengths by Huffman's algorithm, codes as consecutive numbers by length and symbol (RFC 1951, section 3.2.2). */

export interface PrefixCode {
  /** Symbols in the order of their codes. */
  readonly symbols: readonly number[];
  /** counts[l]: codes of length l; counts[0] = 0. */
  readonly counts: readonly number[];
}

export interface CodeWord {
  readonly code: number;
  readonly length: number;
}

interface Tree {
  readonly weight: number;
  readonly symbols: readonly number[];
}

/** Code lengths: each time two trees are joined, their symbols move one level down. */
function codeLengths(frequencies: ReadonlyMap<number, number>): Map<number, number> {
  const lengths = new Map([...frequencies.keys()].map((symbol) => [symbol, 0]));
  let trees: Tree[] = [...frequencies].map(([symbol, weight]) => ({ weight, symbols: [symbol] }));
  if (trees.length === 1) for (const symbol of lengths.keys()) lengths.set(symbol, 1);
  while (trees.length > 1) {
    trees.sort((a, b) => a.weight - b.weight || a.symbols[0] - b.symbols[0]);
    const [a, b, ...rest] = trees;
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths.set(symbol, (lengths.get(symbol) ?? 0) + 1);
    trees = [...rest, { weight: a.weight + b.weight, symbols }];
  }
  return lengths;
}

export function prefixCode(values: ArrayLike<number>): PrefixCode {
  const frequencies = new Map<number, number>();
  for (let i = 0; i < values.length; i++) frequencies.set(values[i], (frequencies.get(values[i]) ?? 0) + 1);
  const lengths = [...codeLengths(frequencies)].sort(([a, m], [b, n]) => m - n || a - b);
  const counts: number[] = new Array((lengths.at(-1)?.[1] ?? 0) + 1).fill(0);
  for (const [, length] of lengths) counts[length]++;
  return { symbols: lengths.map(([symbol]) => symbol), counts };
}

/** Symbol -> its code. */
export function codeWords({ symbols, counts }: PrefixCode): Map<number, CodeWord> {
  const words = new Map<number, CodeWord>();
  let code = 0;
  let at = 0;
  for (let length = 1; length < counts.length; length++) {
    for (let i = 0; i < counts[length]; i++) words.set(symbols[at++], { code: code++, length });
    code *= 2;
  }
  return words;
}
