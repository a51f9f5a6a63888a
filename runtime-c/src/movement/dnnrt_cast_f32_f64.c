#include "dnnrt.h"

/* Float to double. */
void dnnrt_cast_f32_f64(uint32_t n, const float *x, double *y) {
  for (uint32_t i = 0; i < n; i++) y[i] = x[i];
}
