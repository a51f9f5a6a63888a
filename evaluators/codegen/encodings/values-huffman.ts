/** Bytes in prefix codes (Han et al., "Deep Compression", ICLR 2016, section 4): the fewest bytes, and many cycles for each value. */
import { type CodeWord, codeWords, prefixCode } from './prefix-code.ts';
import type { ValueCoding } from './weight-matrix.ts';

const LONGEST_CODE = 31;

function packCodes(values: Int8Array, words: ReadonlyMap<number, CodeWord>): Uint8Array {
  let bits = 0;
  for (const value of values) bits += words.get(value)?.length ?? 0;
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  let at = 0;
  for (const value of values) {
    const { code, length } = words.get(value) ?? { code: 0, length: 0 };
    for (let bit = length - 1; bit >= 0; bit--, at++) bytes[at >> 3] |= ((code >>> bit) & 1) << (at & 7);
  }
  return bytes;
}

export const valuesHuffman: ValueCoding = {
  name: 'huffman_s8',
  encode(values) {
    if (!(values instanceof Int8Array) || values.length === 0) return null;
    const code = prefixCode(values);
    const lengths = code.counts.slice(1);
    if (lengths.length > LONGEST_CODE) return null;
    const table = Uint8Array.from([
      lengths.length,
      ...lengths.flatMap((count) => [count & 255, count >> 8]),
      ...code.symbols.map((symbol) => symbol & 255),
    ]);
    const data = packCodes(values, codeWords(code));
    return {
      coding: 'huffman_s8',
      stream: { type: 'uint8_t', data },
      table: { type: 'uint8_t', data: table },
      valueBits: 0,
    };
  },
  decode({ stream, table }, count) {
    const header = Array.from(table?.data ?? [], Number);
    const lengths = header[0];
    const counts = [0, ...Array.from({ length: lengths }, (_, i) => header[1 + 2 * i] + 256 * header[2 + 2 * i])];
    const symbols = header.slice(1 + 2 * lengths).map((symbol) => (symbol ^ 128) - 128);
    const byWord = new Map(
      [...codeWords({ symbols, counts })].map(([symbol, { code, length }]) => [`${length}:${code}`, symbol]),
    );
    let at = 0;
    return Array.from({ length: count }, () => {
      let code = 0;
      for (let length = 1; ; length++, at++) {
        code = code * 2 + ((Number(stream.data[at >> 3]) >> (at & 7)) & 1);
        const symbol = byWord.get(`${length}:${code}`);
        if (symbol === undefined) continue;
        at++;
        return symbol;
      }
    });
  },
};
