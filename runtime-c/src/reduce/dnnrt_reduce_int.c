#include "dnnrt_element.h"

static int64_t step(uint32_t operation, uint32_t type, int64_t sum, int64_t v) {
  switch (operation) {
    case DNNRT_REDUCE_L1:
      return (int64_t)((uint64_t)sum + (v < 0 ? 0 - (uint64_t)v : (uint64_t)v));
    case DNNRT_REDUCE_SUM_SQUARE:
      return (int64_t)((uint64_t)sum + (uint64_t)v * (uint64_t)v);
    case DNNRT_REDUCE_PROD:
      return (int64_t)((uint64_t)sum * (uint64_t)v);
    case DNNRT_REDUCE_MAX:
      return (type == DNNRT_U64 ? (uint64_t)v > (uint64_t)sum : v > sum) ? v : sum;
    case DNNRT_REDUCE_MIN:
      return (type == DNNRT_U64 ? (uint64_t)v < (uint64_t)sum : v < sum) ? v : sum;
    default:
      return (int64_t)((uint64_t)sum + (uint64_t)v);
  }
}

/* Reduction of integers of any type over the middle axis; a mean is truncated. */
void dnnrt_reduce_int(const dnnrt_reduce_int_t *p, const void *x, void *y) {
  const dnnrt_axis_t *g = &p->axis;
  int32_t at = 0;
  for (uint32_t o = 0; o < g->outer; o++) {
    for (uint32_t k = 0; k < g->inner; k++) {
      const int32_t first = (int32_t)(o * g->n * g->inner + k);
      const int copies = p->operation == DNNRT_REDUCE_MAX || p->operation == DNNRT_REDUCE_MIN;
      int64_t sum = copies ? dnnrt_load(x, p->type, first) : p->operation == DNNRT_REDUCE_PROD;
      for (uint32_t i = 0; i < g->n; i++) {
        sum = step(p->operation, p->type, sum, dnnrt_load(x, p->type, first + (int32_t)(i * g->inner)));
      }
      if (p->operation == DNNRT_REDUCE_MEAN) sum /= (int64_t)g->n;
      dnnrt_store(y, p->type, at++, sum);
    }
  }
}
