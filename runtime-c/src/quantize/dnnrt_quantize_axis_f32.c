#include "dnnrt_element.h"
#include "dnnrt_round.h"

/* QuantizeLinear with scales [outer, blocks, inner] over x [outer, n, inner] (outer_step 0: the same for all), to any type. zero may be null. */
void dnnrt_quantize_axis_f32(const dnnrt_quantize_axis_t *p, const float *x, const float *scale, const void *zero, void *y) {
  int32_t at = 0;
  for (uint32_t o = 0; o < p->outer; o++) {
    for (uint32_t i = 0; i < p->n; i++) {
      for (uint32_t k = 0; k < p->inner; k++, at++) {
        const uint32_t s = o * p->outer_step + i / p->block * p->block_step + k * p->inner_step;
        const int32_t z = zero ? (int32_t)dnnrt_load(zero, p->zero_type, (int32_t)s) : 0;
        dnnrt_store(y, p->type, at, dnnrt_saturate_f32(x[at] / scale[s], z, p->lo, p->hi));
      }
    }
  }
}
