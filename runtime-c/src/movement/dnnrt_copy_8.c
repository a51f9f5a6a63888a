#include "dnnrt.h"

/* Copies a block between two strided layouts of 8-bit elements: transposition, slicing, concatenation, padding. */
void dnnrt_copy_8(const dnnrt_copy_t *p, const void *source, void *target) {
  const int32_t last = p->rank - 1;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  const uint8_t *x = (const uint8_t *)source + p->x_offset;
  uint8_t *y = (uint8_t *)target + p->y_offset;
  for (int32_t axis = last; axis >= 0;) {
    for (uint32_t i = 0; i < p->shape[last]; i++) y[(int32_t)i * p->y_stride[last]] = x[(int32_t)i * p->x_stride[last]];
    for (axis = last - 1; axis >= 0; axis--) {
      x += p->x_stride[axis];
      y += p->y_stride[axis];
      if (++index[axis] < p->shape[axis]) break;
      x -= (int32_t)index[axis] * p->x_stride[axis];
      y -= (int32_t)index[axis] * p->y_stride[axis];
      index[axis] = 0;
    }
  }
}
