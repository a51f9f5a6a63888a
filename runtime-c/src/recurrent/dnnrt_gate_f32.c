#include "dnnrt.h"

/* y[h] += sum over n of w[h][n] * x[n]. */
void dnnrt_gate_f32(uint32_t hidden, uint32_t n, const float *w, const float *x, float *y) {
  for (uint32_t h = 0; h < hidden; h++) {
    float sum = 0.0f;
    for (uint32_t i = 0; i < n; i++) sum += *w++ * x[i];
    y[h] += sum;
  }
}
