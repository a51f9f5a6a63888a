#include "dnnrt_round.h"

/* Product of two quantized tensors of one shape. y may be a or b. */
void dnnrt_mul_s8(const dnnrt_mul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
  for (uint32_t i = 0; i < p->n; i++) {
    const int32_t product = (a[i] - p->a_zero) * (b[i] - p->b_zero);
    const float v = (float)product * p->ratio + (float)p->y_zero;
    y[i] = (int8_t)(dnnrt_saturate_f32(v, 0, p->lo, p->hi) - p->y_shift);
  }
}
