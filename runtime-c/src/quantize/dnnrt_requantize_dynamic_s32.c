#include "dnnrt_element.h"
#include "dnnrt_round.h"

/* int32 sums [outer, rows, columns] to 8 bits with scales that are known only at run time; y_zero may be null. */
void dnnrt_requantize_dynamic_s32(const dnnrt_requantize_dynamic_t *p, const int32_t *x, const float *a_scale, const float *b_scale, const float *y_scale, const void *y_zero, void *y) {
  const int32_t zero = y_zero ? (int32_t)dnnrt_load(y_zero, p->type, 0) : 0;
  int32_t at = 0;
  for (uint32_t o = 0; o < p->outer; o++) {
    for (uint32_t i = 0; i < p->rows; i++) {
      for (uint32_t j = 0; j < p->columns; j++, at++) {
        const float multiplier = a_scale[i * p->a_step] * b_scale[j * p->b_step] / *y_scale;
        dnnrt_store(y, p->type, at, dnnrt_saturate_f32((float)x[at] * multiplier, zero, p->lo, p->hi));
      }
    }
  }
}
