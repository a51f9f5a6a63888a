#include "dnnrt_swar_plane.h"

/* Taps of one channel as dnnrt_swar_plane_taps reads them. Returns the weights of the next channel. */
static const int8_t *unpack_taps(const int8_t *weights, int32_t passes, int32_t lines, int32_t length, int32_t line_words, int32_t *taps) {
  const int32_t padded = (length + 1) & ~1;
  for (int32_t pass = 0; pass < passes; pass++) {
    for (int32_t line = 0; line < lines; line++, taps += padded + 1) {
      for (int32_t i = 0; i < length; i++) taps[i] = *weights++;
      if (length & 1) taps[length] = 0;
      taps[padded] = 4 * (line + 1 < lines ? line_words - padded : (1 - lines) * line_words - padded);
    }
  }
  return weights;
}

/*
 * Any depthwise convolution without dilation. Taps lie along the longer side of the kernel. scratch: the taps of a channel, twice, each line with
 * one word more and an even number of taps; then the plane, and one word.
 */
void dnnrt_depthwise2d_taps_s8_swar(const dnnrt_depthwise2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t channels = g->in_c, halves = (g->out_h + 1) / 2, second = g->out_h / 2, y_row = g->out_w * channels;
  const int32_t rows = (halves - 1) * g->stride_h + g->kernel_h, columns = (g->out_w - 1) * g->stride_w + g->kernel_w;
  const int32_t upright = g->kernel_h >= g->kernel_w;
  const int32_t lines = upright ? g->kernel_w : g->kernel_h, length = upright ? g->kernel_h : g->kernel_w;
  const int32_t inside = g->pad_left + g->in_w;
  const dnnrt_swar_part_t image = {
      rows, halves * g->stride_h, g->pad_left < columns ? g->pad_left : columns, inside < columns ? inside : columns,
      upright ? 1 : columns, upright ? rows : 1};
  const int32_t pairs = (length + 1) >> 1, line_words = upright ? rows : columns;
  const int8_t *weights = p->weights;
  const int32_t *table = p->table, *const end = table + 3 * p->channels;
  int32_t *taps = (int32_t *)scratch;
  uint32_t *plane = (uint32_t *)taps + 2 * lines * (2 * pairs + 1);
  dnnrt_swar_pixel_t pixel = {0, 0, 0, 0, 0, y, q->y_zero * 65536 + 0x8100, q, q->multiplier, 0, 0, 0};
  dnnrt_swar_taps_t part = {
      plane, taps, 0, 0, 0, 0, y, 0, channels, g->out_w, pairs, lines, 4 * g->stride_w * image.column_step, 0,
      4 * g->stride_h * image.row_step, 0, pixel.round, &pixel};
  for (int32_t i = 0; i <= columns * rows; i++) plane[i] = (uint32_t)p->x_zero + ((uint32_t)p->x_zero << 16);
  for (; table != end; table += 3, x++, y++) {
    const int32_t passes = table[2] >> 8;
    if (image.last > image.first) dnnrt_swar_gather(g, p->x_zero, x, &image, plane);
    weights = unpack_taps(weights, passes, lines, length, line_words, taps);
    part.lines = passes * lines;
    part.start_low = table[0] - passes * lines * pairs * 0x8000;
    part.start_high = table[0];
    part.factor = table[1];
    part.shift = table[2] & 255;
    part.plane = plane;
    part.y = y;
    part.y_high = halves * y_row;
    part.rows = second;
    if (second > 0) dnnrt_swar_plane_taps(&part);
    if (second < halves) {
      part.plane = plane + second * g->stride_h * image.row_step;
      part.y = y + second * y_row;
      part.y_high = 0;
      part.rows = 1;
      dnnrt_swar_plane_taps(&part);
    }
    pixel.multiplier += q->per_channel;
  }
  const int32_t whole = p->channels == channels, pixels = (int32_t)g->out_h * g->out_w;
  dnnrt_swar_limit(q, whole ? 1 : pixels, whole ? pixels * channels : p->channels, channels, y - p->channels);
}
