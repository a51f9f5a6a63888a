#include "dnnrt.h"

/* Arc cosine; NaN outside [-1, 1]. */
float dnnrt_acosf(float x) {
  if (x > 0.5f) return 2.0f * dnnrt_asinf(dnnrt_sqrtf(0.5f * (1.0f - x)));
  return 1.57079633f - dnnrt_asinf(x);
}
