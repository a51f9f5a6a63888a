#include "dnnrt_element.h"

static int32_t slice_of(const dnnrt_gather_nd_t *p, const void *indices, int32_t tuple) {
  int32_t place = 0;
  for (int32_t d = 0; d < p->depth; d++) {
    const int32_t i = dnnrt_index(dnnrt_load(indices, p->index_type, tuple * p->depth + d), p->shape[d]);
    if (i < 0) return -1;
    place = place * (int32_t)p->shape[d] + i;
  }
  return place;
}

/* The slice of y named by the t-th index tuple is combined with updates[t], unless it is outside; y holds the data already. */
void dnnrt_scatter_nd(const dnnrt_scatter_nd_t *p, const void *indices, const void *updates, void *y) {
  for (uint32_t t = 0; t < p->places.tuples; t++) {
    const int32_t slice = slice_of(&p->places, indices, (int32_t)t);
    if (slice < 0) continue;
    const int32_t place = slice * (int32_t)p->slice;
    for (int32_t i = 0; i < (int32_t)p->slice; i++) {
      dnnrt_scatter_update(p->type, p->reduction, y, place + i, updates, (int32_t)(t * p->slice) + i);
    }
  }
}
