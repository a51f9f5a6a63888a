#include "dnnrt_element.h"

/* y = operation x on integers of any type. */
void dnnrt_unary_int(const dnnrt_unary_int_t *p, const void *x, void *y) {
  for (int32_t i = 0; i < (int32_t)p->n; i++) {
    int64_t v = dnnrt_load(x, p->type, i);
    switch (p->operation) {
      case DNNRT_ABS:
        if (v < 0 && p->type != DNNRT_U64) v = (int64_t)(0 - (uint64_t)v);
        break;
      case DNNRT_NEG:
        v = (int64_t)(0 - (uint64_t)v);
        break;
      case DNNRT_SIGN:
        v = v == 0 ? 0 : v < 0 && p->type != DNNRT_U64 ? -1 : 1;
        break;
      case DNNRT_RELU:
        if (v < 0 && p->type != DNNRT_U64) v = 0;
        break;
      case DNNRT_BITWISE_NOT:
        v = ~v;
        break;
      default: /* DNNRT_NOT */
        v = v == 0;
    }
    dnnrt_store(y, p->type, i, v);
  }
}
