#include "dnnrt_encoding.h"

/*
 * Four bits for each value: the columns skipped since the last one; 15 skips 15 columns and brings no value. Rows
 * start at whole bytes.
 */
uint32_t dnnrt_places_delta4(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint16_t *places, uint32_t step) {
  uint32_t nibble = at->place;
  const uint32_t end = nibble + dnnrt_row_count(w, at->row);
  uint32_t column = 0, n = 0;
  at->place = (end + 1) & ~1u;
  for (; nibble < end; nibble++) {
    const uint32_t byte = w->places[nibble >> 1];
    const uint32_t skip = nibble & 1u ? byte >> 4 : byte & 15u;
    column += skip;
    if (skip == 15) continue;
    *places = (uint16_t)column++;
    places += step;
    n++;
  }
  return n;
}
