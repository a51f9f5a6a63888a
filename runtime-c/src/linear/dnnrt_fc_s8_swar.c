#include "dnnrt_swar.h"

/* Column of dnnrt_swar_row4 from the words of dnnrt_swar_widen. */
static void unpack_row(const uint32_t *words, int32_t quads, uint32_t *column) {
  for (; quads > 0; quads--) {
    const uint32_t even = *words++, odd = *words++;
    *column++ = even;
    *column++ = odd - (even << 8);
    *column++ = 0x8000u - 0x00800080u * (even + odd);
  }
}

/* Starting sums with what the sum of the row counts in them. */
static void add_sum(int32_t sum, const int8_t *counts, const int32_t *start, int32_t n, int32_t *sums) {
  for (int32_t c = 0; c < n; c++) sums[c] = start[c] + sum * counts[c];
}

/* Starting sums with the parts of large weights: per channel a count (low byte, high byte), then pairs of step in x and part. */
static void add_parts(const int8_t *x, const int8_t *parts, const int32_t *start, int32_t n, int32_t *sums) {
  for (; n > 0; n--) {
    const int8_t *at = x;
    int32_t sum = *start++, left = (uint8_t)parts[0] + 256 * (uint8_t)parts[1];
    parts += 2;
    for (; left > 0; left--, parts += 2) {
      at += (uint8_t)parts[0];
      sum += *at * parts[1];
    }
    *sums++ = sum;
  }
}

/* scratch: 12 bytes a quad of x (quads rounded up to pairs), 8 bytes a quad, its bytes, sums and results of all channels. */
void dnnrt_fc_s8_swar(const dnnrt_fc_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t length = (int32_t)p->in_n, quads = (length + 7) >> 3 << 1;
  const int32_t channels = (int32_t)p->out_n, padded = (channels + 3) & ~3;
  uint32_t *column = (uint32_t *)scratch, *words = column + 3 * quads;
  int32_t *sums = (int32_t *)(words + 2 * quads);
  int8_t *bytes = (int8_t *)(sums + padded), *last = bytes + 4 * quads;
  dnnrt_swar_pixel_t row = {
      (const uint32_t *)p->weights, column, column + 3 * quads, p->table, p->table + 2 * padded, y,
      q->y_zero * 65536 + 0x8100, q, q->multiplier, p->start, 0, 0};
  memset(bytes, 0, (size_t)(4 * quads));
  for (uint32_t r = 0; r < p->rows; r++, x += length, y += channels) {
    if ((length & 7) != 0) memcpy(bytes, x, (size_t)length);
    dnnrt_swar_widen((length & 7) != 0 ? bytes : x, quads, words);
    unpack_row(words, quads, column);
    row.starts = p->start;
    if (p->row_sum) {
      add_sum(dnnrt_swar_sum(words, 2 * quads), p->row_sum, row.starts, padded, sums);
      row.starts = sums;
    }
    if (p->parts) {
      add_parts(x, p->parts, row.starts, padded, sums);
      row.starts = sums;
    }
    row.y = padded == channels ? y : last;
    dnnrt_swar_row4(&row);
    if (padded != channels) memcpy(y, last, (size_t)channels);
    dnnrt_swar_limit(q, 1, channels, 0, y);
  }
}
