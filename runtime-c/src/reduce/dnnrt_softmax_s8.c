#include <string.h>

#include "dnnrt_requantize.h"

static int32_t in_float(float exponential, float inverse, float sum, int32_t zero) {
  return dnnrt_saturate_f32(exponential * inverse / sum, zero, -128, 127);
}

#if DNNRT_INTEGER_REQUANTIZE
static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/*
 * exponential * ratio, rounded, + zero, where `ratio` is inverse / sum, from 16 bits of each: the product of floats is at least that of
 * the truncated ones and larger by less than 2^-13 of it, the roundings of float included. 0 where that leaves two results.
 */
static int certain_share(uint32_t exponential, uint32_t ratio, int32_t zero, int32_t *y) {
  const int32_t exponent = (int32_t)(exponential >> 23) + (int32_t)(ratio >> 23) - 254;
  if (exponent > 7) return 0;
  uint32_t share = 0; /* in 2^-20 */
  if (exponent >= -20) {
    const uint32_t a = (exponential >> 8 & 0x7fffu) | 0x8000u, b = (ratio >> 8 & 0x7fffu) | 0x8000u;
    share = (a * b) >> (10 - exponent);
  }
  const uint32_t half = 1u << 19, least = share < 4 ? 0 : share - 4, most = share + (share >> 13) + 4;
  const int32_t q = (int32_t)((least + half) >> 20);
  if ((int32_t)((most + half) >> 20) != q) return 0;
  *y = q + zero > 127 ? 127 : q + zero;
  return 1;
}
#endif

/* Softmax along one axis of quantized values; sums in index order. x and y may be the same. Cores without float decide most shares in integers. */
void dnnrt_softmax_s8(const dnnrt_softmax_s8_t *p, const int8_t *x, int8_t *y) {
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner, y += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k++) {
      int32_t largest = -128;
      float sum = 0.0f;
      for (uint32_t i = 0; i < p->n; i++) {
        if (x[i * p->inner + k] > largest) largest = x[i * p->inner + k];
      }
      const float *table = p->table + 255 - largest;
      for (uint32_t i = 0; i < p->n; i++) sum += table[x[i * p->inner + k]];
#if DNNRT_INTEGER_REQUANTIZE
      const uint32_t ratio = bits_of(p->inverse / sum);
#endif
      for (uint32_t i = 0; i < p->n; i++) {
        const float exponential = table[x[i * p->inner + k]];
        int32_t q;
#if DNNRT_INTEGER_REQUANTIZE
        if (!certain_share(bits_of(exponential), ratio, p->y_zero, &q))
#endif
          q = in_float(exponential, p->inverse, sum, p->y_zero);
        y[i * p->inner + k] = (int8_t)q;
      }
    }
  }
}
