#include "dnnrt.h"

/* Arc sine; NaN outside [-1, 1]. */
float dnnrt_asinf(float x) {
  const float c = (1.0f - x) * (1.0f + x);
  if (c < 0.0f) return NAN;
  if (c == 0.0f) return x < 0.0f ? -1.57079633f : 1.57079633f;
  return dnnrt_atanf(x / dnnrt_sqrtf(c));
}
