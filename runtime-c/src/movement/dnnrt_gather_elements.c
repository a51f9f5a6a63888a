#include "dnnrt_element.h"

#include <string.h>

/* y[...][i][...] = x[...][indices[...][i][...]][...] along one axis of dense tensors; zero where the index is outside. */
void dnnrt_gather_elements(const dnnrt_gather_elements_t *p, const void *x, const void *indices, void *y) {
  const uint8_t *from = x;
  uint8_t *to = y;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  int32_t at = 0;
  for (int32_t axis = 0; axis >= 0; at++) {
    int32_t place = 0, inside = 0;
    for (int32_t d = 0; d < p->rank; d++) {
      int32_t i = (int32_t)index[d];
      if (d == p->axis) i = dnnrt_index(dnnrt_load(indices, p->index_type, at), p->x_shape[d]);
      if (i < 0) break;
      place = place * (int32_t)p->x_shape[d] + i;
      inside += 1;
    }
    if (inside < p->rank) memset(to + (size_t)at * p->element_bytes, 0, p->element_bytes);
    else memcpy(to + (size_t)at * p->element_bytes, from + (size_t)place * p->element_bytes, p->element_bytes);
    for (axis = p->rank - 1; axis >= 0 && ++index[axis] == p->shape[axis]; axis--) index[axis] = 0;
  }
}
