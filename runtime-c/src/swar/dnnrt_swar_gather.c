#include "dnnrt_swar_plane.h"

DNNRT_HOT void dnnrt_swar_gather(const dnnrt_window_t *g, int32_t zero, const int8_t *x, const dnnrt_swar_part_t *part, uint32_t *plane) {
  const int8_t outside = (int8_t)zero;
  const int32_t step = g->in_c, height = g->in_h, row_step = g->in_w * step, column_step = part->column_step;
  const int32_t columns = part->last - part->first;
  plane += part->first * column_step;
  x += (part->first - g->pad_left) * step;
  for (int32_t r = 0, row = -g->pad_top; r < part->rows; r++, row++, plane += part->row_step) {
    const int8_t *low = &outside, *high = &outside;
    int32_t low_step = 0, high_step = 0;
    if (row >= 0 && row < height) {
      low = x + row * row_step;
      low_step = step;
    }
    if (row + part->apart >= 0 && row + part->apart < height) {
      high = x + (row + part->apart) * row_step;
      high_step = step;
    }
    uint32_t *to = plane;
    for (int32_t left = columns; left > 0; left--, to += column_step, low += low_step, high += high_step) {
      *to = (uint32_t)*low + ((uint32_t)*high << 16);
    }
  }
}
