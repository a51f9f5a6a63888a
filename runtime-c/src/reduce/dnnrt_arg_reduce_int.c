#include "dnnrt_element.h"

/* Index of the largest (smallest: 0) element along the middle axis; of the first or last among equals. */
void dnnrt_arg_reduce_int(const dnnrt_arg_reduce_t *p, const void *x, int64_t *y) {
  const dnnrt_axis_t *g = &p->axis;
  for (uint32_t o = 0; o < g->outer; o++) {
    for (uint32_t k = 0; k < g->inner; k++) {
      const int32_t first = (int32_t)(o * g->n * g->inner + k);
      int64_t best = dnnrt_load(x, p->type, first);
      int64_t index = 0;
      for (uint32_t i = 1; i < g->n; i++) {
        const int64_t v = dnnrt_load(x, p->type, first + (int32_t)(i * g->inner));
        if ((p->largest ? v > best : v < best) || (p->last && v == best)) {
          best = v;
          index = i;
        }
      }
      *y++ = index;
    }
  }
}
