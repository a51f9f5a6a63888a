#include "dnnrt_element.h"

/* Integer to float. */
void dnnrt_cast_int_f32(const dnnrt_cast_t *p, const void *x, float *y) {
  for (int32_t i = 0; i < (int32_t)p->n; i++) {
    const int64_t v = dnnrt_load(x, p->from, i);
    y[i] = p->from == DNNRT_U64 ? (float)(uint64_t)v : (float)v;
  }
}
