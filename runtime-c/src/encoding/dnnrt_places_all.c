#include "dnnrt_encoding.h"

/* A value in every column. */
uint32_t dnnrt_places_all(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint16_t *places, uint32_t step) {
  (void)at;
  for (uint32_t i = 0; i < w->columns; i++, places += step) *places = (uint16_t)i;
  return w->columns;
}
