#include "dnnrt.h"

/* Limits values to [lo, hi]; NaN stays NaN. x and y may be the same. */
void dnnrt_clamp_f32(uint32_t n, float lo, float hi, const float *x, float *y) {
  for (uint32_t i = 0; i < n; i++) y[i] = x[i] < lo ? lo : x[i] > hi ? hi : x[i];
}
