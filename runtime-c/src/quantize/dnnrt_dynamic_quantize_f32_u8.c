#include "dnnrt_round.h"

/* DynamicQuantizeLinear: uint8 with the range of the data itself, widened to contain 0. */
void dnnrt_dynamic_quantize_f32_u8(uint32_t n, const float *x, uint8_t *y, float *scale, uint8_t *zero) {
  float lo = 0.0f, hi = 0.0f;
  for (uint32_t i = 0; i < n; i++) {
    if (x[i] < lo) lo = x[i];
    if (x[i] > hi) hi = x[i];
  }
  const float s = hi == lo ? 1.0f : (hi - lo) / 255.0f;
  const int32_t z = dnnrt_saturate_f32(0.0f - lo / s, 0, 0, 255);
  for (uint32_t i = 0; i < n; i++) y[i] = (uint8_t)dnnrt_saturate_f32(x[i] / s, z, 0, 255);
  *scale = s;
  *zero = (uint8_t)z;
}
