#include "dnnrt_encoding.h"

/*
 * Canonical prefix codes (Huffman): one to 31 bits for each value. The table is the number of lengths, the number of codes of each length from 1
 * on (two bytes, little-endian), then the values in the order of their codes. Codes of one length are consecutive numbers, so a code
 * is recognised by comparing it with the first of its length.
 */
void dnnrt_values_huffman_s8(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values) {
  const uint8_t *counts = (const uint8_t *)w->table + 1;
  const int8_t *symbols = (const int8_t *)(counts + 2 * (uint32_t)counts[-1]);
  const uint8_t *byte = (const uint8_t *)w->values + (at->value >> 3);
  uint32_t bit = at->value & 7u;
  int16_t *to = values;
  for (uint32_t i = 0; i < n; i++, to += sizeof(dnnrt_entry_s8_t) / sizeof *to) {
    const uint8_t *count = counts;
    uint32_t code = 0, first = 0, symbol = 0;
    for (;; count += 2) {
      const uint32_t codes = (uint32_t)count[0] | (uint32_t)count[1] << 8;
      code |= (uint32_t)*byte >> bit & 1u;
      bit = (bit + 1) & 7u;
      if (bit == 0) byte++;
      if (code - first < codes) break;
      symbol += codes;
      first = (first + codes) << 1;
      code <<= 1;
    }
    *to = symbols[symbol + code - first];
  }
  at->value = (uint32_t)(byte - (const uint8_t *)w->values) * 8 + bit;
}
