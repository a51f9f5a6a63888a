#include "dnnrt.h"

/* Running sum, or product, along the middle axis, without the element itself when exclusive, from the end when reverse. */
void dnnrt_cum_sum_f64(const dnnrt_cum_sum_t *p, const double *x, double *y) {
  const dnnrt_axis_t *g = &p->axis;
  for (uint32_t o = 0; o < g->outer; o++) {
    for (uint32_t k = 0; k < g->inner; k++) {
      double sum = p->product;
      for (uint32_t i = 0; i < g->n; i++) {
        const uint32_t place = p->reverse ? g->n - 1 - i : i;
        const uint32_t at = (o * g->n + place) * g->inner + k;
        const double v = x[at];
        const double next = p->product ? sum * v : sum + v;
        y[at] = p->exclusive ? sum : next;
        sum = next;
      }
    }
  }
}
