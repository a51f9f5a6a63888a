#include "dnnrt_round.h"

/* QuantizeLinear: round-half-even(x / scale) + zero, limited to [lo, hi]. */
void dnnrt_quantize_f32_s8(const dnnrt_affine_s8_t *p, const float *x, int8_t *y) {
  for (uint32_t i = 0; i < p->n; i++) y[i] = (int8_t)dnnrt_saturate_f32(x[i] / p->scale, p->zero, p->lo, p->hi);
}
