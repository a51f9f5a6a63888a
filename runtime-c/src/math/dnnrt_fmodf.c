#include "dnnrt.h"

/* Exact remainder of x / y with the sign of x: y times powers of two is subtracted from the largest down. */
float dnnrt_fmodf(float x, float y) {
  float a = x < 0.0f ? -x : x;
  const float b = y < 0.0f ? -y : y;
  if (x != x || y != y || a == INFINITY || b == 0.0f) return NAN;
  if (b == INFINITY) return x;
  float t = b;
  while (t <= 0.5f * a) t *= 2.0f;
  for (; t >= b; t *= 0.5f) {
    if (a >= t) a -= t;
  }
  return x < 0.0f ? -a : a;
}
