#include "dnnrt_encoding.h"

/* One bit for each column, set where there is a value; rows start at whole bytes. */
uint32_t dnnrt_places_bitmap(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint16_t *places, uint32_t step) {
  const uint8_t *byte = w->places + at->place;
  const uint32_t bytes = (w->columns + 7) / 8;
  const uint16_t *first = places;
  at->place += bytes;
  for (uint32_t base = 0; base < 8 * bytes; base += 8) {
    uint32_t column = base;
    for (uint32_t bits = *byte++; bits != 0; bits >>= 1, column++) {
      if ((bits & 1u) == 0) continue;
      *places = (uint16_t)column;
      places += step;
    }
  }
  return (uint32_t)(places - first) / step;
}
