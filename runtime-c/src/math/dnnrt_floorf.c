#include "dnnrt.h"

/* Largest integer not above x. */
float dnnrt_floorf(float x) {
  if (!(x > -8388608.0f && x < 8388608.0f)) return x;
  const float t = (float)(int32_t)x;
  return t > x ? t - 1.0f : t;
}
