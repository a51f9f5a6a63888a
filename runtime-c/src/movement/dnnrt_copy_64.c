#include "dnnrt.h"

/* n elements at steps, four at a time. */
static void copy_line(uint32_t n, const uint64_t *x, int32_t x_step, uint64_t *y, int32_t y_step) {
  for (; n >= 4; n -= 4) {
    *y = *x;
    y += y_step, x += x_step;
    *y = *x;
    y += y_step, x += x_step;
    *y = *x;
    y += y_step, x += x_step;
    *y = *x;
    y += y_step, x += x_step;
  }
  for (; n > 0; n--, y += y_step, x += x_step) *y = *x;
}

/* Copies a block between two strided layouts of 64-bit elements: transposition, slicing, concatenation, padding. */
void dnnrt_copy_64(const dnnrt_copy_t *p, const void *source, void *target) {
  const int32_t last = p->rank - 1;
  const uint32_t n = p->shape[last];
  const int32_t x_step = p->x_stride[last], y_step = p->y_stride[last];
  uint32_t index[DNNRT_MAX_RANK] = {0};
  const uint64_t *x = (const uint64_t *)source + p->x_offset;
  uint64_t *y = (uint64_t *)target + p->y_offset;
  for (int32_t axis = last; axis >= 0;) {
    copy_line(n, x, x_step, y, y_step);
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
