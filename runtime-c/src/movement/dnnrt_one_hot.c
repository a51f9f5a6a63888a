#include "dnnrt_element.h"

#include <string.h>

/* values = {off, on}: y [outer, depth, inner] is on where the index of (outer, inner) is the place, else off. */
void dnnrt_one_hot(const dnnrt_one_hot_t *p, const void *indices, const void *values, void *y) {
  const uint8_t *v = values;
  uint8_t *to = y;
  for (uint32_t o = 0; o < p->outer; o++) {
    for (uint32_t d = 0; d < p->depth; d++) {
      for (uint32_t k = 0; k < p->inner; k++, to += p->element_bytes) {
        const int32_t at = (int32_t)(o * p->inner + k);
        int64_t i = p->index_type == DNNRT_F32 ? (int64_t)((const float *)indices)[at] : dnnrt_load(indices, p->index_type, at);
        if (i < 0) i += p->depth;
        memcpy(to, i == (int64_t)d ? v + p->element_bytes : v, p->element_bytes);
      }
    }
  }
}
