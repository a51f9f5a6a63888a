#include "dnnrt.h"

/* Inverse hyperbolic tangent. */
float dnnrt_atanhf(float x) {
  if (x > 0.5f || x < -0.5f) return 0.5f * dnnrt_logf((1.0f + x) / (1.0f - x));
  return 0.5f * dnnrt_log1pf(2.0f * x / (1.0f - x));
}
