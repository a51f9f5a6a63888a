#include "dnnrt.h"

/* DequantizeLinear: (x - zero) * scale. */
void dnnrt_dequantize_s8_f32(const dnnrt_affine_s8_t *p, const int8_t *x, float *y) {
  for (uint32_t i = 0; i < p->n; i++) y[i] = (float)(x[i] - p->zero) * p->scale;
}
