#include "dnnrt_encoding.h"

/* One byte for each value: the columns skipped since the last one; 255 skips 255 columns and brings no value. */
uint32_t dnnrt_places_crs8(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint16_t *places, uint32_t step) {
  const uint8_t *gap = w->places + at->place;
  const uint8_t *end = gap + dnnrt_row_count(w, at->row);
  uint32_t column = 0, n = 0;
  at->place = (uint32_t)(end - w->places);
  while (gap < end) {
    const uint32_t skip = *gap++;
    column += skip;
    if (skip == 255) continue;
    *places = (uint16_t)column++;
    places += step;
    n++;
  }
  return n;
}
