#include "dnnrt.h"

static double step(uint32_t operation, double sum, double v) {
  switch (operation) {
    case DNNRT_REDUCE_L1:
      return sum + (v < 0.0 ? -v : v);
    case DNNRT_REDUCE_SUM_SQUARE:
      return sum + v * v;
    case DNNRT_REDUCE_PROD:
      return sum * v;
    case DNNRT_REDUCE_MAX:
      return v > sum || v != v ? v : sum;
    case DNNRT_REDUCE_MIN:
      return v < sum || v != v ? v : sum;
    default:
      return sum + v;
  }
}

static double start(uint32_t operation) {
  switch (operation) {
    case DNNRT_REDUCE_PROD:
      return 1.0;
    case DNNRT_REDUCE_MAX:
      return -(double)INFINITY;
    case DNNRT_REDUCE_MIN:
      return (double)INFINITY;
    default:
      return 0.0;
  }
}

/* Reduction of doubles over the middle axis. */
void dnnrt_reduce_f64(const dnnrt_reduce_int_t *p, const double *x, double *y) {
  const dnnrt_axis_t *g = &p->axis;
  for (uint32_t o = 0; o < g->outer; o++, x += g->n * g->inner) {
    for (uint32_t k = 0; k < g->inner; k++) {
      double sum = start(p->operation);
      for (uint32_t i = 0; i < g->n; i++) sum = step(p->operation, sum, x[i * g->inner + k]);
      *y++ = p->operation == DNNRT_REDUCE_MEAN ? sum / (double)g->n : sum;
    }
  }
}
