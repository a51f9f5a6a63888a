#include "dnnrt.h"

/* Hyperbolic tangent. */
float dnnrt_tanhf(float x) {
  const float a = x < 0.0f ? -x : x;
  if (a > 9.1f) return x < 0.0f ? -1.0f : 1.0f;
  const float e = dnnrt_expm1f(2.0f * a);
  const float t = e / (e + 2.0f);
  return x < 0.0f ? -t : t;
}
