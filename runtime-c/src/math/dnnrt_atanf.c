#include "dnnrt.h"

/* Arc tangent: the argument is brought below tan(pi / 12) by the addition theorem, then the series. */
float dnnrt_atanf(float x) {
  const float a = x < 0.0f ? -x : x;
  const float b = a > 1.0f ? 1.0f / a : a;
  const int shifted = b > 0.267949192f;
  const float t = shifted ? (b * 1.73205081f - 1.0f) / (1.73205081f + b) : b, z = t * t;
  float r = t * (1.0f - z * (0.333333333f - z * (0.2f - z * (0.142857143f - z * (0.111111111f - z * 9.09090909e-2f)))));
  if (shifted) r += 0.523598776f;
  if (a > 1.0f) r = 1.57079633f - r;
  return x < 0.0f ? -r : r;
}
