#include "dnnrt_element.h"

#include <string.h>

/* y[o][i] = x[o][indices[i]] in blocks of inner_bytes; negative indices count from the end, those out of range give zeros. */
void dnnrt_gather(const dnnrt_gather_t *p, const void *x, const void *indices, void *y) {
  const uint8_t *from = x;
  uint8_t *to = y;
  for (uint32_t o = 0; o < p->outer; o++, from += p->axis * p->inner_bytes) {
    for (uint32_t j = 0; j < p->n; j++, to += p->inner_bytes) {
      int64_t i = dnnrt_load(indices, p->index_type, (int32_t)j);
      if (i < 0) i += p->axis;
      if (i < 0 || i >= (int64_t)p->axis) memset(to, 0, p->inner_bytes);
      else memcpy(to, from + (uint32_t)i * p->inner_bytes, p->inner_bytes);
    }
  }
}
