#include "dnnrt_requantize_channel.h"

/* Values of a word that the halves of a sum hold: 256 * 255 < 2^16. */
#define MOST 256

/* To each sum the values of 4 neighbours of n rows, plus 128 each, two of them in a word at a time. */
static void sum_quads(const int8_t *x, uint32_t n, uint32_t pitch, uint32_t sum[4]) {
  while (n > 0) {
    uint32_t even = 0, odd = 0, rows = n < MOST ? n : MOST;
    for (n -= rows; rows > 0; rows--, x += pitch) {
      const uint32_t word = *(const uint32_t *)(const void *)x ^ 0x80808080u;
      even += word & 0x00ff00ffu;
      odd += word >> 8 & 0x00ff00ffu;
    }
    sum[0] += even & 0xffffu;
    sum[1] += odd & 0xffffu;
    sum[2] += even >> 16;
    sum[3] += odd >> 16;
  }
}

static void sum_one(const int8_t *x, uint32_t n, uint32_t pitch, uint32_t *sum) {
  for (; n > 0; n--, x += pitch) *sum += (uint32_t)(*x + 128);
}

/* Mean over the middle axis of x [outer, n, inner]. */
void dnnrt_mean_s8(const dnnrt_mean_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_channel_t by = dnnrt_channel(p->multiplier);
  const uint32_t zeros = p->n * (uint32_t)(128 + p->x_zero), whole = (((uintptr_t)x | p->inner) & 3) == 0 ? 4 : 1;
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k += whole) {
      uint32_t sum[4] = {0};
      if (whole == 4) sum_quads(x + k, p->n, p->inner, sum);
      else sum_one(x + k, p->n, p->inner, sum);
      for (uint32_t i = 0; i < whole; i++) *y++ = (int8_t)dnnrt_requantize_by(&by, (int32_t)(sum[i] - zeros), p->y_zero, -128, 127);
    }
  }
}
