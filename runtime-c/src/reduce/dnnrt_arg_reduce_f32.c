#include "dnnrt.h"

/* Index of the largest (smallest: 0) element along the middle axis; of the first or last among equals. */
void dnnrt_arg_reduce_f32(const dnnrt_arg_reduce_t *p, const float *x, int64_t *y) {
  const dnnrt_axis_t *g = &p->axis;
  for (uint32_t o = 0; o < g->outer; o++) {
    for (uint32_t k = 0; k < g->inner; k++) {
      const int32_t first = (int32_t)(o * g->n * g->inner + k);
      float best = x[first];
      int64_t index = 0;
      for (uint32_t i = 1; i < g->n; i++) {
        const float v = x[first + (int32_t)(i * g->inner)];
        if ((p->largest ? v > best : v < best) || (p->last && v == best)) {
          best = v;
          index = i;
        }
      }
      *y++ = index;
    }
  }
}
