#include "dnnrt_element.h"

/* DequantizeLinear with scales [outer, blocks, inner] over x [outer, n, inner], from any type. zero may be null. */
void dnnrt_dequantize_axis_f32(const dnnrt_quantize_axis_t *p, const void *x, const float *scale, const void *zero, float *y) {
  int32_t at = 0;
  for (uint32_t o = 0; o < p->outer; o++) {
    for (uint32_t i = 0; i < p->n; i++) {
      for (uint32_t k = 0; k < p->inner; k++, at++) {
        const uint32_t s = o * p->outer_step + i / p->block * p->block_step + k * p->inner_step;
        y[at] = (float)((int32_t)dnnrt_load(x, p->type, at) - (zero ? (int32_t)dnnrt_load(zero, p->zero_type, (int32_t)s) : 0)) * scale[s];
      }
    }
  }
}
