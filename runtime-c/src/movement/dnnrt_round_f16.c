#include "dnnrt.h"

#include <string.h>

/* Floats rounded to the nearest half-precision value, ties to even; beyond 65504 to infinity. x and y may be the same. */
void dnnrt_round_f16(uint32_t n, const float *x, float *y) {
  for (uint32_t i = 0; i < n; i++) {
    const float a = x[i] < 0.0f ? -x[i] : x[i];
    float r = a;
    if (a >= 65520.0f) {
      r = INFINITY;
    } else if (a >= 6.10351562e-5f) {
      /* 13 of the 23 bits of the fraction go. */
      uint32_t bits;
      memcpy(&bits, &a, sizeof bits);
      bits = (bits + 0xfffu + ((bits >> 13) & 1u)) & ~0x1fffu;
      memcpy(&r, &bits, sizeof r);
    } else if (a == a) {
      /* Subnormal halves are multiples of 2^-24: adding 0.5 leaves no smaller bits. */
      r = (a + 0.5f) - 0.5f;
    }
    y[i] = x[i] < 0.0f ? -r : r;
  }
}
