#include "dnnrt.h"

/* Hyperbolic cosine. */
float dnnrt_coshf(float x) {
  const float a = x < 0.0f ? -x : x;
  const float e = dnnrt_expf(0.5f * a);
  return 0.5f * e * e + 0.5f / e / e;
}
