#include "dnnrt.h"

/* log(sum of e^x) over the middle axis; the largest element is taken out so that nothing overflows. */
void dnnrt_reduce_log_sum_exp_f32(const dnnrt_axis_t *p, const float *x, float *y) {
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k++) {
      float largest = -INFINITY, sum = 0.0f;
      for (uint32_t i = 0; i < p->n; i++) {
        if (x[i * p->inner + k] > largest) largest = x[i * p->inner + k];
      }
      if (largest == INFINITY || largest == -INFINITY) largest = 0.0f;
      for (uint32_t i = 0; i < p->n; i++) sum += dnnrt_expf(x[i * p->inner + k] - largest);
      *y++ = dnnrt_logf(sum) + largest;
    }
  }
}
