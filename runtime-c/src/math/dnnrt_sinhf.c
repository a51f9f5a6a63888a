#include "dnnrt.h"

/* Hyperbolic sine. */
float dnnrt_sinhf(float x) {
  const float a = x < 0.0f ? -x : x;
  float s;
  if (a < 20.0f) {
    const float e = dnnrt_expm1f(a);
    s = 0.5f * (e + e / (e + 1.0f));
  } else {
    const float e = dnnrt_expf(0.5f * a);
    s = 0.5f * e * e;
  }
  return x < 0.0f ? -s : s;
}
