#include "dnnrt_element.h"

/*
 * int32 product of 8-bit matrices after their zero points, which may be null (0), one number, or one per row of a and column
 * of b (zero_step 1). Operands by strides, batches broadcast by strides of 0.
 */
void dnnrt_matmul_int(const dnnrt_matmul_int_t *p, const void *a, const void *b, const void *a_zero, const void *b_zero, int32_t *y) {
  const dnnrt_matmul_t *g = &p->product;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  int32_t a_at = 0, b_at = 0;
  for (int32_t axis = 0; axis >= 0;) {
    for (int32_t i = 0; i < (int32_t)g->m; i++) {
      const int32_t az = a_zero ? (int32_t)dnnrt_load(a_zero, p->a_type, i * p->a_zero_step) : 0;
      for (int32_t j = 0; j < (int32_t)g->n; j++) {
        const int32_t bz = b_zero ? (int32_t)dnnrt_load(b_zero, p->b_type, j * p->b_zero_step) : 0;
        int32_t u = a_at + i * g->a_row, v = b_at + j * g->b_column, sum = 0;
        for (uint32_t k = 0; k < g->k; k++, u += g->a_column, v += g->b_row) {
          sum += ((int32_t)dnnrt_load(a, p->a_type, u) - az) * ((int32_t)dnnrt_load(b, p->b_type, v) - bz);
        }
        *y++ = sum;
      }
    }
    for (axis = g->batch.rank - 1; axis >= 0; axis--) {
      a_at += g->batch.a_stride[axis];
      b_at += g->batch.b_stride[axis];
      if (++index[axis] < g->batch.shape[axis]) break;
      a_at -= (int32_t)index[axis] * g->batch.a_stride[axis];
      b_at -= (int32_t)index[axis] * g->batch.b_stride[axis];
      index[axis] = 0;
    }
  }
}
