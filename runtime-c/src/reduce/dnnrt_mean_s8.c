#include "dnnrt_requantize.h"

/* Mean over the middle axis of x [outer, n, inner]. */
void dnnrt_mean_s8(const dnnrt_mean_s8_t *p, const int8_t *x, int8_t *y) {
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k++) {
      int32_t sum = 0;
      for (uint32_t i = 0; i < p->n; i++) sum += x[i * p->inner + k] - p->x_zero;
      *y++ = (int8_t)dnnrt_requantize(sum, p->multiplier, p->y_zero, -128, 127);
    }
  }
}
