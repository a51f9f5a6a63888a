#include "dnnrt.h"

/* Inverse hyperbolic cosine; NaN below 1. */
float dnnrt_acoshf(float x) {
  const float t = x - 1.0f;
  if (t < 0.0f) return NAN;
  return x > 1e15f ? dnnrt_logf(x) + 0.693147181f : dnnrt_log1pf(t + dnnrt_sqrtf(2.0f * t + t * t));
}
