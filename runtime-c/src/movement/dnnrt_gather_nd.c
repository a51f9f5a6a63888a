#include "dnnrt_element.h"

#include <string.h>

static int32_t slice_of(const dnnrt_gather_nd_t *p, const void *indices, int32_t tuple) {
  int32_t place = 0;
  for (int32_t d = 0; d < p->depth; d++) {
    int32_t i = (int32_t)dnnrt_load(indices, p->index_type, tuple * p->depth + d);
    if (i < 0) i += (int32_t)p->shape[d];
    place = place * (int32_t)p->shape[d] + i;
  }
  return place;
}

/* y[b][t] = the slice of x[b] named by the t-th index tuple. */
void dnnrt_gather_nd(const dnnrt_gather_nd_t *p, const void *x, const void *indices, void *y) {
  const uint8_t *from = x;
  uint8_t *to = y;
  for (uint32_t b = 0; b < p->batch; b++, from += p->batch_bytes) {
    for (uint32_t t = 0; t < p->tuples; t++, to += p->slice_bytes) {
      memcpy(to, from + (uint32_t)slice_of(p, indices, (int32_t)(b * p->tuples + t)) * p->slice_bytes, p->slice_bytes);
    }
  }
}
