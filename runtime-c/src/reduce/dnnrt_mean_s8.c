#include "dnnrt_requantize_channel.h"

/* Mean over the middle axis of x [outer, n, inner]. */
void dnnrt_mean_s8(const dnnrt_mean_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_channel_t by = dnnrt_channel(p->multiplier);
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k++) {
      const int8_t *from = x + k;
      int32_t sum = -(int32_t)p->n * p->x_zero;
      for (uint32_t i = 0; i < p->n; i++, from += p->inner) sum += *from;
      *y++ = (int8_t)dnnrt_requantize_by(&by, sum, p->y_zero, -128, 127);
    }
  }
}
