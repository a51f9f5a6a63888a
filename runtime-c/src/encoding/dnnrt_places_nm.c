#include "dnnrt_encoding.h"

/* n values in each group of 2^bits columns, `bits` bits for the place of each within its group. */
uint32_t dnnrt_places_nm(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint16_t *places, uint32_t step) {
  const uint32_t bits = w->place_bits;
  uint32_t n = 0;
  for (uint32_t base = 0; base < w->columns; base += 1u << bits) {
    for (uint32_t i = 0; i < w->group_values; i++, places += step) {
      *places = (uint16_t)(base + dnnrt_bits(w->places, at->place, bits));
      at->place += bits;
    }
    n += w->group_values;
  }
  return n;
}
