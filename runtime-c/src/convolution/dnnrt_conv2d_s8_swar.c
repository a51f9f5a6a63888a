#include "dnnrt_swar.h"

/*
 * Convolution without groups by products of packed pairs. For each chunk of channels the weights are unpacked into scratch once, then
 * each pixel's field is unpacked and multiplied. The zero point of x is part of the table; padding is filled with it.
 */

/* One kernel row of the field as bytes. */
static void copy_row(const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t row, int32_t left, int8_t *to) {
  const dnnrt_window_t *g = &p->window;
  const int32_t depth = g->in_c, run = g->kernel_w * depth;
  if (row < 0 || row >= g->in_h) {
    memset(to, p->x_zero, (size_t)run);
    return;
  }
  x += row * g->in_w * depth;
  if (g->dilation_w == 1 && left >= 0 && left + g->kernel_w <= g->in_w) {
    memcpy(to, x + left * depth, (size_t)run);
    return;
  }
  for (int32_t tap = 0; tap < g->kernel_w; tap++, left += g->dilation_w, to += depth) {
    if (left < 0 || left >= g->in_w) memset(to, p->x_zero, (size_t)depth);
    else memcpy(to, x + left * depth, (size_t)depth);
  }
}

/* Where the values of a field are from its first one, rounded up to quads; false when that needs more than 16 bits. */
static int32_t list_places(const dnnrt_conv2d_swar_t *p, int32_t values, uint16_t *places) {
  const dnnrt_window_t *g = &p->window;
  const int32_t row = g->dilation_h * g->in_w * g->in_c, column = g->dilation_w * g->in_c;
  if ((g->kernel_h - 1) * row + g->kernel_w * column > 65535) return 0;
  for (int32_t kh = 0; kh < g->kernel_h; kh++) {
    for (int32_t kw = 0; kw < g->kernel_w; kw++) {
      for (int32_t c = 0; c < g->in_c; c++) *places++ = (uint16_t)(kh * row + kw * column + c);
    }
  }
  for (; (values & 3) != 0; values++) *places++ = 0;
  return 1;
}

static void unpack_places(const int8_t *x, const uint16_t *places, uint32_t *column, const uint32_t *end) {
  for (; column != end; column += 2, places += 4) {
    column[0] = (uint32_t)x[places[0]] + ((uint32_t)x[places[2]] << 16);
    column[1] = (uint32_t)x[places[1]] + ((uint32_t)x[places[3]] << 16);
  }
}

/* `bytes`: room for the field, padded to quads. `places` may be null. */
static void unpack_field(
    const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t oh, int32_t ow, uint32_t *column, int8_t *bytes, const uint16_t *places) {
  const dnnrt_window_t *g = &p->window;
  const int32_t run = g->kernel_w * g->in_c;
  const int32_t left = ow * g->stride_w - g->pad_left, right = left + (g->kernel_w - 1) * g->dilation_w;
  const int32_t direct = (g->in_c & 3) == 0 && g->dilation_w == 1 && left >= 0 && left + g->kernel_w <= g->in_w;
  int32_t row = oh * g->stride_h - g->pad_top;
  if (places && row >= 0 && left >= 0 && right < g->in_w && row + (g->kernel_h - 1) * g->dilation_h < g->in_h) {
    unpack_places(x + (row * g->in_w + left) * g->in_c, places, column, column + (((g->kernel_h * run + 3) >> 2) << 1));
    return;
  }
  if ((run & 3) != 0) {
    for (int32_t kh = 0; kh < g->kernel_h; kh++, row += g->dilation_h) copy_row(p, x, row, left, bytes + kh * run);
    dnnrt_swar_widen(bytes, (g->kernel_h * run + 3) >> 2, column);
    return;
  }
  for (int32_t kh = 0; kh < g->kernel_h; kh++, row += g->dilation_h, column += run >> 1) {
    const int8_t *from = bytes;
    if (direct && row >= 0 && row < g->in_h) from = x + (row * g->in_w + left) * g->in_c;
    else copy_row(p, x, row, left, bytes);
    dnnrt_swar_widen(from, run >> 2, column);
  }
}

/* scratch: weights of a chunk (8 bytes a quad and channel), the field (8 bytes a quad), its bytes, places of them, one pixel of y. */
void dnnrt_conv2d_s8_swar(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t quads = ((int32_t)g->kernel_h * g->kernel_w * g->in_c + 3) >> 2;
  const int32_t channels = p->out_c, padded = (channels + 1) & ~1;
  uint32_t *weights = (uint32_t *)scratch, *column = weights + 2 * quads * p->chunk;
  int8_t *bytes = (int8_t *)(column + 2 * quads), *last = bytes + 12 * quads;
  uint16_t *places = (uint16_t *)(void *)(bytes + 4 * quads);
  if ((g->in_c & 3) == 0 || !list_places(p, (int32_t)g->kernel_h * g->kernel_w * g->in_c, places)) places = 0;
  memset(bytes + 4 * quads - 4, 0, 4);
  for (int32_t c = 0; c < padded; c += p->chunk) {
    const int32_t n = padded - c < p->chunk ? padded - c : p->chunk, stored = channels - c < n ? channels - c : n;
    dnnrt_swar_widen((const int8_t *)(p->weights + quads * c), quads * n, weights);
    const int32_t *table = p->table + (c >> 1) * 7;
    dnnrt_swar_pixel_t pixel = {
        weights, column, column + 2 * quads, table, table + (n >> 1) * 7, y + c,
        q->y_zero * 65536 + 0x8100, q, q->multiplier + c * q->per_channel, 0};
    int8_t *to = y + c;
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      for (int32_t ow = 0; ow < g->out_w; ow++, to += channels) {
        unpack_field(p, x, oh, ow, column, bytes, places);
        pixel.y = stored == n ? to : last;
        dnnrt_swar_pixel2(&pixel);
        if (stored != n) memcpy(to, last, (size_t)stored);
      }
    }
  }
  dnnrt_swar_limit(q, (int32_t)g->out_h * g->out_w * channels, y);
}
