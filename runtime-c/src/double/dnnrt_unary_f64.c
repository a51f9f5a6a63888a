#include "dnnrt.h"

/* y = operation x on doubles. x and y may be the same. */
void dnnrt_unary_f64(const dnnrt_unary_int_t *p, const double *x, double *y) {
  for (uint32_t i = 0; i < p->n; i++) {
    const double v = x[i];
    switch (p->operation) {
      case DNNRT_ABS:
        y[i] = v < 0.0 ? -v : v;
        break;
      case DNNRT_NEG:
        y[i] = -v;
        break;
      case DNNRT_SIGN:
        y[i] = v > 0.0 ? 1.0 : v < 0.0 ? -1.0 : v;
        break;
      default: /* DNNRT_RELU */
        y[i] = v < 0.0 ? 0.0 : v;
    }
  }
}
