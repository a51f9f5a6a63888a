#include "dnnrt_element.h"

/* Integer to integer: the low bits; to bool (DNNRT_BOOL): 0 or 1. */
void dnnrt_cast_int(const dnnrt_cast_t *p, const void *x, void *y) {
  for (int32_t i = 0; i < (int32_t)p->n; i++) {
    const int64_t v = dnnrt_load(x, p->from, i);
    if (p->to == DNNRT_BOOL) dnnrt_store(y, DNNRT_U8, i, v != 0);
    else dnnrt_store(y, p->to, i, v);
  }
}
