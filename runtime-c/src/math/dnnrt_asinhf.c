#include "dnnrt.h"

/* Inverse hyperbolic sine. */
float dnnrt_asinhf(float x) {
  const float a = x < 0.0f ? -x : x;
  const float r = a > 1e15f ? dnnrt_logf(a) + 0.693147181f : dnnrt_log1pf(a + a * a / (1.0f + dnnrt_sqrtf(a * a + 1.0f)));
  return x < 0.0f ? -r : r;
}
