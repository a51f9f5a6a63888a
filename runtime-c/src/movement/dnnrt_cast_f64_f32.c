#include "dnnrt.h"

/* Double to float. */
void dnnrt_cast_f64_f32(uint32_t n, const double *x, float *y) {
  for (uint32_t i = 0; i < n; i++) y[i] = (float)x[i];
}
