#include "dnnrt_scale.h"

static int32_t in_float(const dnnrt_mul_s8_t *p, int32_t product) {
  return dnnrt_saturate_f32((float)product * p->ratio + (float)p->y_zero, 0, p->lo, p->hi);
}

/*
 * Product of two quantized tensors of one shape. y may be a or b. Cores without float decide most elements in integers: where results do
 * not saturate, the two roundings of float lose less than 2^-14 of a step.
 */
void dnnrt_mul_s8(const dnnrt_mul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
#if DNNRT_INTEGER_REQUANTIZE
  const dnnrt_scale_t by = dnnrt_scale(p->ratio, 256);
#endif
  for (uint32_t i = 0; i < p->n; i++) {
    const int32_t product = (a[i] - p->a_zero) * (b[i] - p->b_zero);
    int32_t q;
#if DNNRT_INTEGER_REQUANTIZE
    if (!dnnrt_scaled(&by, product, p->y_zero, p->lo, p->hi, &q))
#endif
      q = in_float(p, product);
    y[i] = (int8_t)(q - p->y_shift);
  }
}
