#include "dnnrt.h"

/* y[batch][m][n] = alpha * sum over k of a * b; operands by strides, batches broadcast by strides of 0. */
void dnnrt_matmul_f64(const dnnrt_matmul_t *p, const double *a, const double *b, double *y) {
  const dnnrt_broadcast_t *g = &p->batch;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  for (int32_t axis = 0; axis >= 0;) {
    for (uint32_t i = 0; i < p->m; i++) {
      for (uint32_t j = 0; j < p->n; j++) {
        const double *u = a + (int32_t)i * p->a_row, *v = b + (int32_t)j * p->b_column;
        double sum = 0.0;
        for (uint32_t k = 0; k < p->k; k++, u += p->a_column, v += p->b_row) sum += *u * *v;
        *y++ = sum * (double)p->alpha;
      }
    }
    for (axis = g->rank - 1; axis >= 0; axis--) {
      a += g->a_stride[axis];
      b += g->b_stride[axis];
      if (++index[axis] < g->shape[axis]) break;
      a -= (int32_t)index[axis] * g->a_stride[axis];
      b -= (int32_t)index[axis] * g->b_stride[axis];
      index[axis] = 0;
    }
  }
}
