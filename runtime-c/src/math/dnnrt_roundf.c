#include "dnnrt.h"

/* Nearest integer, ties to even. */
float dnnrt_roundf(float x) {
  if (!(x > -8388608.0f && x < 8388608.0f)) return x;
  const float t = (float)(int32_t)x, rest = x - t;
  const int odd = ((int32_t)x & 1) != 0;
  if (rest > 0.5f || (rest == 0.5f && odd)) return t + 1.0f;
  if (rest < -0.5f || (rest == -0.5f && odd)) return t - 1.0f;
  return t;
}
