#include "dnnrt_element.h"

#include <string.h>

static int32_t slice_of(const dnnrt_gather_nd_t *p, const void *indices, int32_t tuple) {
  int32_t place = 0;
  for (int32_t d = 0; d < p->depth; d++) {
    const int32_t i = dnnrt_index(dnnrt_load(indices, p->index_type, tuple * p->depth + d), p->shape[d]);
    if (i < 0) return -1;
    place = place * (int32_t)p->shape[d] + i;
  }
  return place;
}

/* y[b][t] = the slice of x[b] named by the t-th index tuple; zeros where it is outside. */
void dnnrt_gather_nd(const dnnrt_gather_nd_t *p, const void *x, const void *indices, void *y) {
  const uint8_t *from = x;
  uint8_t *to = y;
  for (uint32_t b = 0; b < p->batch; b++, from += p->batch_bytes) {
    for (uint32_t t = 0; t < p->tuples; t++, to += p->slice_bytes) {
      const int32_t place = slice_of(p, indices, (int32_t)(b * p->tuples + t));
      if (place < 0) memset(to, 0, p->slice_bytes);
      else memcpy(to, from + (uint32_t)place * p->slice_bytes, p->slice_bytes);
    }
  }
}
