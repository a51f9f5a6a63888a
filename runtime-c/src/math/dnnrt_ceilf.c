#include "dnnrt.h"

/* Smallest integer not below x. */
float dnnrt_ceilf(float x) {
  if (!(x > -8388608.0f && x < 8388608.0f)) return x;
  const float t = (float)(int32_t)x;
  return t < x ? t + 1.0f : t;
}
