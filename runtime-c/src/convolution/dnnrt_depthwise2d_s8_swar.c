#include "dnnrt_swar.h"

static int32_t value_at(const dnnrt_depthwise2d_swar_t *p, const int8_t *x, int32_t row, int32_t column) {
  const dnnrt_window_t *g = &p->window;
  return row >= 0 && row < g->in_h ? x[(row * g->in_w + column) * g->in_c] : p->x_zero;
}

/* One column of the plane: word r holds rows r - pad and r - pad + apart of the image. */
static void gather_column(const dnnrt_depthwise2d_swar_t *p, const int8_t *x, int32_t column, int32_t rows, int32_t apart, uint32_t *to) {
  const dnnrt_window_t *g = &p->window;
  const int32_t pad = g->pad_top, step = g->in_w * g->in_c, further = apart * step;
  int32_t row = -pad;
  const int32_t end = rows - pad, inside = g->in_h - apart < end ? g->in_h - apart : end;
  for (; row < 0 && row < end; row++) *to++ = (uint32_t)value_at(p, x, row, column) + ((uint32_t)value_at(p, x, row + apart, column) << 16);
  const int8_t *at = x + (row * g->in_w + column) * g->in_c;
  for (; row < inside; row++, at += step) *to++ = (uint32_t)at[0] + ((uint32_t)at[further] << 16);
  for (; row < end; row++) *to++ = (uint32_t)value_at(p, x, row, column) + ((uint32_t)value_at(p, x, row + apart, column) << 16);
}

/* scratch: ((halves - 1) * stride + 3) words for each of (out_w - 1) * stride + 3 columns, halves = out_h / 2 rounded up. */
void dnnrt_depthwise2d_s8_swar(const dnnrt_depthwise2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t stride = g->stride_h, channels = g->in_c, halves = (g->out_h + 1) / 2, second = g->out_h / 2;
  const int32_t rows = (halves - 1) * stride + 3, columns = (g->out_w - 1) * stride + 3;
  const int32_t border = (int32_t)((uint32_t)(p->x_zero) + ((uint32_t)p->x_zero << 16)), y_row = g->out_w * channels;
  const int32_t round = q->y_zero * 65536 + 0x8100;
  uint32_t *plane = (uint32_t *)scratch;
  int32_t weights[9];
  for (int32_t c = 0; c < channels; c++, x++, y++) {
    for (int32_t i = 0; i < columns; i++) {
      const int32_t column = i - g->pad_left;
      if (column >= 0 && column < g->in_w) gather_column(p, x, column, rows, halves * stride, plane + i * rows);
      else if (c == 0) for (int32_t r = 0; r < rows; r++) plane[i * rows + r] = (uint32_t)border;
    }
    for (int32_t i = 0; i < 9; i++) weights[i] = p->weights[9 * c + i];
    const int32_t *table = p->table + 3 * c;
    const dnnrt_swar_pixel_t pixel = {0, 0, 0, 0, 0, y, round, q, q->multiplier + c * q->per_channel, 0};
    dnnrt_swar_plane_t part = {
        plane, weights, table[0] - 0x8000 * (table[2] >> 8 ? 6 : 3), table[0], table[1], table[2], y, halves * y_row, channels, g->out_w,
        4 * rows - 12, 4 * rows * (stride - 3), second, 4 * stride, 0, round, &pixel};
    if (second > 0) dnnrt_swar_plane3(&part);
    if (second < halves) {
      part.plane = plane + second * stride;
      part.y = y + second * y_row;
      part.y_high = 0;
      part.rows = 1;
      dnnrt_swar_plane3(&part);
    }
  }
  dnnrt_swar_limit(q, (int32_t)g->out_h * y_row, y - channels);
}
