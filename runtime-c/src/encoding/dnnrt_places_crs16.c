#include "dnnrt_encoding.h"

/* Compressed row storage: two bytes for each value, its column, little-endian. */
uint32_t dnnrt_places_crs16(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint16_t *places, uint32_t step) {
  const uint32_t n = dnnrt_row_count(w, at->row);
  const uint8_t *column = w->places + at->place;
  at->place += 2 * n;
  for (uint32_t i = 0; i < n; i++, column += 2, places += step) *places = (uint16_t)(column[0] | column[1] << 8);
  return n;
}
