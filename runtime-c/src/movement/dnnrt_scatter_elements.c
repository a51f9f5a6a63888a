#include "dnnrt_element.h"

/* y[...][indices[...]][...] is combined with updates[...][i][...] along one axis; indices outside do nothing; y holds the data already. */
void dnnrt_scatter_elements(const dnnrt_scatter_elements_t *p, const void *indices, const void *updates, void *y) {
  const dnnrt_gather_elements_t *g = &p->places;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  int32_t at = 0;
  for (int32_t axis = 0; axis >= 0; at++) {
    int32_t place = 0, inside = 0;
    for (int32_t d = 0; d < g->rank; d++) {
      int32_t i = (int32_t)index[d];
      if (d == g->axis) i = dnnrt_index(dnnrt_load(indices, g->index_type, at), g->x_shape[d]);
      if (i < 0) break;
      place = place * (int32_t)g->x_shape[d] + i;
      inside += 1;
    }
    if (inside == g->rank) dnnrt_scatter_update(p->type, p->reduction, y, place, updates, at);
    for (axis = g->rank - 1; axis >= 0 && ++index[axis] == g->shape[axis]; axis--) index[axis] = 0;
  }
}
