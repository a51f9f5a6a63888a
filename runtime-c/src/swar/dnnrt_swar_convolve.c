#include "dnnrt_swar.h"

/*
 * Convolution without groups. For each chunk of channels the weights are unpacked into scratch once, then each pixel's field is unpacked
 * and multiplied. The zero point of x is part of the table; padding is filled with it. With `strips`, fields are parts of what a row of
 * output needs, and weights are ordered [kernel column][kernel row][channel], columns in whole quads. scratch: weights of a chunk (8 bytes a
 * quad and channel), then strips and, unless channels come in fours, their bytes, or the field (8 bytes a quad), its bytes and places of
 * them; then one pixel of y.
 */
DNNRT_HOT void dnnrt_swar_convolve(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch, const dnnrt_swar_form_t *form) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t strip = (((int32_t)g->kernel_h * g->in_c + 3) & ~3) >> 1, columns = (g->out_w - 1) * g->stride_w + g->kernel_w;
  const int32_t quads = p->strips ? g->kernel_w * strip >> 1 : ((int32_t)g->kernel_h * g->kernel_w * g->in_c + 3) >> 2;
  const int32_t table_words = form->table_words + (p->field_sum ? form->block : 0);
  const int32_t channels = p->out_c, step = p->y_step, padded = (channels + form->block - 1) & -form->block;
  uint32_t *weights = (uint32_t *)scratch, *column = weights + 2 * quads * p->chunk;
  int8_t *bytes = (int8_t *)(column + (p->strips ? columns * strip : 2 * quads));
  int8_t *last = bytes + (!p->strips ? 12 * quads : (g->in_c & 3) != 0 ? 2 * columns * strip : 0);
  uint16_t *places = (uint16_t *)(void *)(bytes + 4 * quads);
  if (p->strips || (g->in_c & 3) == 0 || !dnnrt_swar_places(p, (int32_t)g->kernel_h * g->kernel_w * g->in_c, places)) places = 0;
  if (!p->strips) memset(bytes + 4 * quads - 4, 0, 4);
  else if (last != bytes) memset(bytes, 0, (size_t)(last - bytes));
  for (int32_t c = 0; c < padded; c += p->chunk) {
    const int32_t n = padded - c < p->chunk ? padded - c : p->chunk, stored = channels - c < n ? channels - c : n;
    form->unpack((const int8_t *)p->weights + quads * c * 4 / form->per_byte, quads * n, weights);
    const int32_t *table = p->table + c / form->block * table_words;
    dnnrt_swar_pixel_t pixel = {
        weights, column, column + 2 * quads, table, table + n / form->block * table_words, y + c,
        q->y_zero * 65536 + 0x8100, q, q->multiplier + c * q->per_channel, 0, 8 * p->run, 0};
    int8_t *to = y + c;
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      if (p->strips) dnnrt_swar_strips(p, x, oh, column, bytes);
      for (int32_t ow = 0; ow < g->out_w; ow++, to += step) {
        if (!p->strips) {
          dnnrt_swar_field(p, x, oh, ow, column, bytes, places);
        } else {
          pixel.column = column + ow * g->stride_w * strip;
          pixel.column_end = pixel.column + 2 * quads;
        }
        if (p->field_sum) pixel.sum = dnnrt_swar_sum(pixel.column, 2 * quads);
        pixel.y = stored == n ? to : last;
        form->multiply(&pixel);
        if (stored != n) memcpy(to, last, (size_t)stored);
      }
    }
  }
  const int32_t pixels = (int32_t)g->out_h * g->out_w;
  dnnrt_swar_limit(q, step == channels ? 1 : pixels, step == channels ? pixels * channels : channels, step, y);
}
