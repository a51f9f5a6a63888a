#include "dnnrt_swar_plane.h"

/* scratch: ((halves - 1) * stride + 3) words for each of (out_w - 1) * stride + 3 columns, halves = out_h / 2 rounded up. */
void dnnrt_depthwise2d_s8_swar(const dnnrt_depthwise2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t stride = g->stride_h, channels = g->in_c, halves = (g->out_h + 1) / 2, second = g->out_h / 2;
  const int32_t rows = (halves - 1) * stride + 3, columns = (g->out_w - 1) * stride + 3, y_row = g->out_w * channels;
  const int32_t first = g->pad_left, last = first + g->in_w < columns ? first + g->in_w : columns;
  const int8_t *weights = p->weights;
  const int32_t *table = p->table, *const end = table + 3 * p->channels;
  uint32_t *plane = (uint32_t *)scratch;
  const dnnrt_swar_part_t image = {rows, halves * stride, first < columns ? first : columns, last, 1, rows};
  int32_t taps[9];
  dnnrt_swar_pixel_t pixel = {0, 0, 0, 0, 0, y, q->y_zero * 65536 + 0x8100, q, q->multiplier, 0, 0, 0};
  dnnrt_swar_plane_t part = {
      plane, taps, 0, 0, 0, 0, y, 0, channels, g->out_w, 4 * rows - 12, 4 * rows * (stride - 3), 0, 4 * stride, 0, pixel.round, &pixel};
  for (int32_t i = 0; i < columns * rows; i++) plane[i] = (uint32_t)p->x_zero + ((uint32_t)p->x_zero << 16);
  for (; table != end; table += 3, x++, y++) {
    if (image.last > image.first) dnnrt_swar_gather(g, p->x_zero, x, &image, plane);
    for (int32_t i = 0; i < 9; i++) taps[i] = *weights++;
    part.start_low = table[0] - (table[2] >> 8 ? 6 : 3) * 0x8000;
    part.start_high = table[0];
    part.factor = table[1];
    part.shift = table[2];
    part.plane = plane;
    part.y = y;
    part.y_high = halves * y_row;
    part.rows = second;
    if (second > 0) dnnrt_swar_plane3(&part);
    if (second < halves) {
      part.plane = plane + second * stride;
      part.y = y + second * y_row;
      part.y_high = 0;
      part.rows = 1;
      dnnrt_swar_plane3(&part);
    }
    pixel.multiplier += q->per_channel;
  }
  const int32_t whole = p->channels == channels, pixels = (int32_t)g->out_h * g->out_w;
  dnnrt_swar_limit(q, whole ? 1 : pixels, whole ? pixels * channels : p->channels, channels, y - p->channels);
}
