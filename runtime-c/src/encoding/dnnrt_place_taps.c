#include "dnnrt_encoding.h"

/*
 * Turns the columns of a decoded row [kernel_h][kernel_w][depth] into places of inputs relative to the first pixel of the
 * window. taps[t] becomes the index of the first entry of tap t, taps[number of taps] the number of entries.
 */
void dnnrt_place_taps(const dnnrt_window_t *g, uint32_t depth, uint32_t n, uint16_t *places, uint32_t step, uint16_t *taps) {
  const uint32_t column_step = (uint32_t)g->dilation_w * g->in_c;
  const uint32_t row_step = (uint32_t)g->dilation_h * g->in_w * g->in_c;
  uint32_t i = 0, first = 0, row = 0;
  for (uint32_t kh = 0; kh < g->kernel_h; kh++, row += row_step) {
    uint32_t pixel = row;
    for (uint32_t kw = 0; kw < g->kernel_w; kw++, pixel += column_step, first += depth) {
      *taps++ = (uint16_t)i;
      for (; i < n && *places < first + depth; i++, places += step) *places = (uint16_t)(*places - first + pixel);
    }
  }
  *taps = (uint16_t)n;
}
