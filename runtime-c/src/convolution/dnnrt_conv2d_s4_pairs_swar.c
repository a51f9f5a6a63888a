#include "dnnrt_swar.h"

/* 8 in both halves of a word. */
#define EIGHTS 0x00080008u

/* Words of dnnrt_swar_pair4: [blocks of 4 channels][type][two places][channel][place]. */
static void unpack(const uint8_t *from, int32_t channels, int32_t places, uint32_t *to) {
  for (; channels > 0; channels -= 4, to += 8 * places) {
    for (int32_t c = 0; c < 4; c++) {
      uint32_t *first = to + 2 * c, *second = first + 4 * places;
      for (int32_t i = 0; i < places; i += 2, from += 3, first += 8, second += 8) {
        const uint32_t a = from[0], b = from[1], d = from[2];
        const uint32_t even = ((b & 15u) << 16) - EIGHTS, odd = (b >> 4 << 16) - EIGHTS;
        first[0] = even + (a & 15u);
        first[1] = odd + (a >> 4);
        second[0] = even + (d & 15u);
        second[1] = odd + (d >> 4);
      }
    }
  }
}

/*
 * Weights of 4 bits, kernels of three columns without steps between columns, an even number of output columns, input channels in fours. scratch:
 * 8 bytes for each place of a kernel column (rows by channels) and channel of a chunk; 4 bytes a place and output column; sums of two
 * pixels (8 bytes a channel of a chunk); a row of input with out_w + 2 columns; one pixel of y.
 */
void dnnrt_conv2d_s4_pairs_swar(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t places = g->kernel_h * g->in_c, channels = p->out_c, step = p->y_step, padded = (channels + 3) & ~3;
  uint32_t *weights = (uint32_t *)scratch, *strips = weights + 2 * places * p->chunk;
  int32_t *sums = (int32_t *)(strips + places * g->out_w);
  int8_t *bytes = (int8_t *)(sums + 2 * p->chunk), *last = bytes + (g->out_w + 2) * g->in_c;
  for (int32_t c = 0; c < padded; c += p->chunk) {
    const int32_t n = padded - c < p->chunk ? padded - c : p->chunk, stored = channels - c < n ? channels - c : n;
    const int32_t *table = p->table + 3 * c;
    dnnrt_swar_pair_t pair = {weights, strips, 4 * places, table, sums, sums + n, 4 * p->chunk, 8 * p->run};
    dnnrt_swar_pixel_t pixel = {
        0, 0, 0, table, table + 3 * n, y, q->y_zero * 65536 + 0x8100, q, q->multiplier + c * q->per_channel, sums, 0, 0};
    int8_t *to = y + c;
    unpack((const uint8_t *)p->weights + 3 * places * c / 2, n, places, weights);
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      dnnrt_swar_pair_strips(p, x, oh, strips, bytes);
      pair.column = strips;
      for (int32_t ow = 0; ow < g->out_w; ow += 2, pair.column += 2 * places) {
        dnnrt_swar_pair4(&pair);
        for (int32_t k = 0; k < 2; k++, to += step) {
          pixel.starts = sums + k * p->chunk;
          pixel.y = stored == n ? to : last;
          dnnrt_swar_finish4(&pixel);
          if (stored != n) memcpy(to, last, (size_t)stored);
        }
      }
    }
  }
  const int32_t pixels = (int32_t)g->out_h * g->out_w;
  dnnrt_swar_limit(q, step == channels ? 1 : pixels, step == channels ? pixels * channels : channels, step, y);
}
