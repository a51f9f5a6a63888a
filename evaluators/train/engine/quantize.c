/*
 * Fake quantization with straight-through gradients: y = (clamp(round(x / s) + z, lo, hi) - z) s, rounding half to even as
 * QuantizeLinear does. The step's own gradient is that of Esser et al., "Learned step size quantization" (ICLR 2020), eq. 3.
 */
#include "engine.h"

/* x y scales zeros outer channels inner lo hi; scales and zeros per channel (channels = 1: per tensor) */
void k_fake_quant(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *scales = floats(e, a[2]), *zeros = floats(e, a[3]);
  float *y = floats(e, a[1]), lo = as_float(a[7]), hi = as_float(a[8]);
  int outer = a[4], channels = a[5], inner = a[6];
  for (int o = 0; o < outer; o++)
    for (int c = 0; c < channels; c++, x += inner, y += inner) {
      float s = scales[c], z = zeros[c];
      for (int i = 0; i < inner; i++) {
        float q = __builtin_rintf(x[i] / s) + z;
        q = q < lo ? lo : q > hi ? hi : q;
        y[i] = (q - z) * s;
      }
    }
}

/* x dy dscales scales zeros outer channels inner lo hi gain: dy is masked in place; dscales (0 = not wanted) is added to */
void k_fake_quant_backward(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *scales = floats(e, a[3]), *zeros = floats(e, a[4]);
  float *dy = floats(e, a[1]), *dscales = floats(e, a[2]), lo = as_float(a[8]), hi = as_float(a[9]), gain = as_float(a[10]);
  int outer = a[5], channels = a[6], inner = a[7];
  for (int o = 0; o < outer; o++)
    for (int c = 0; c < channels; c++, x += inner, dy += inner) {
      float s = scales[c], z = zeros[c], sum = 0;
      for (int i = 0; i < inner; i++) {
        float v = x[i] / s, q = __builtin_rintf(v), d = q - v;
        if (q + z < lo || q + z > hi) {
          d = (q + z < lo ? lo : hi) - z;
          sum += dy[i] * d;
          dy[i] = 0;
        } else {
          sum += dy[i] * d;
        }
      }
      if (a[2]) dscales[c] += gain * sum;
    }
}
