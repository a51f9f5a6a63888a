#include "dnnrt_round.h"

/* Sum of two quantized tensors of one shape. y may be a or b. */
void dnnrt_add_s8(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
  for (uint32_t i = 0; i < p->n; i++) {
    const float part = dnnrt_fused_f32(b[i] + p->b_shift, p->b_ratio, p->fixed);
    const float sum = dnnrt_fused_f32(a[i] + p->a_shift, p->a_ratio, part);
    y[i] = (int8_t)(dnnrt_saturate_f32(sum, 0, p->lo, p->hi) - p->y_shift);
  }
}
