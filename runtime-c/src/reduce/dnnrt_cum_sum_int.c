#include "dnnrt_element.h"

/* Running sum, or product, along the middle axis, without the element itself when exclusive, from the end when reverse. */
void dnnrt_cum_sum_int(const dnnrt_cum_sum_t *p, const void *x, void *y) {
  const dnnrt_axis_t *g = &p->axis;
  for (uint32_t o = 0; o < g->outer; o++) {
    for (uint32_t k = 0; k < g->inner; k++) {
      int64_t sum = p->product;
      for (uint32_t i = 0; i < g->n; i++) {
        const uint32_t place = p->reverse ? g->n - 1 - i : i;
        const int32_t at = (int32_t)((o * g->n + place) * g->inner + k);
        const int64_t v = dnnrt_load(x, p->type, at);
        const int64_t next = (int64_t)(p->product ? (uint64_t)sum * (uint64_t)v : (uint64_t)sum + (uint64_t)v);
        dnnrt_store(y, p->type, at, p->exclusive ? sum : next);
        sum = next;
      }
    }
  }
}
