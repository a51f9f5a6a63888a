#include "dnnrt.h"

/* y = condition ? a : b on 64-bit elements with broadcasting. */
void dnnrt_where_64(const dnnrt_where_t *p, const uint8_t *condition, const void *a, const void *b, void *y) {
  const dnnrt_broadcast_t *g = &p->broadcast;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  int32_t at = 0, c = 0, i = 0, j = 0;
  for (int32_t axis = 0; axis >= 0;) {
    ((uint64_t *)y)[at++] = condition[c] ? ((const uint64_t *)a)[i] : ((const uint64_t *)b)[j];
    for (axis = g->rank - 1; axis >= 0; axis--) {
      c += p->condition_stride[axis];
      i += g->a_stride[axis];
      j += g->b_stride[axis];
      if (++index[axis] < g->shape[axis]) break;
      c -= (int32_t)index[axis] * p->condition_stride[axis];
      i -= (int32_t)index[axis] * g->a_stride[axis];
      j -= (int32_t)index[axis] * g->b_stride[axis];
      index[axis] = 0;
    }
  }
}
