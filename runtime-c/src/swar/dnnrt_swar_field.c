#include "dnnrt_swar.h"

/* One kernel row of the field as bytes. */
DNNRT_HOT static void copy_row(const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t row, int32_t left, int8_t *to) {
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

DNNRT_HOT int32_t dnnrt_swar_places(const dnnrt_conv2d_swar_t *p, int32_t values, uint16_t *places) {
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

DNNRT_HOT static void unpack_places(const int8_t *x, const uint16_t *places, uint32_t *column, const uint32_t *end) {
  for (; column != end; column += 2, places += 4) {
    column[0] = (uint32_t)x[places[0]] + ((uint32_t)x[places[2]] << 16);
    column[1] = (uint32_t)x[places[1]] + ((uint32_t)x[places[3]] << 16);
  }
}

DNNRT_HOT void dnnrt_swar_field(
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
