#include "dnnrt.h"

static float integer_power(float x, int32_t n) {
  uint32_t rest = n < 0 ? (uint32_t)-n : (uint32_t)n;
  float result = 1.0f;
  for (; rest != 0; rest >>= 1, x *= x) {
    if (rest & 1) result *= x;
  }
  return n < 0 ? 1.0f / result : result;
}

/* x^y: by multiplication for small whole y, else by logarithm; NaN for a negative x and a fractional y. */
float dnnrt_powf(float x, float y) {
  if (y == 0.0f || x == 1.0f) return 1.0f;
  if (y >= -64.0f && y <= 64.0f && y == (float)(int32_t)y) return integer_power(x, (int32_t)y);
  const float a = x < 0.0f ? -x : x;
  const float magnitude = dnnrt_expf(y * dnnrt_logf(a));
  if (x >= 0.0f || x != x || y != y) return magnitude;
  const int whole = y == dnnrt_floorf(y);
  if (!whole && a != INFINITY) return NAN;
  const int odd = whole && (y < 16777216.0f && y > -16777216.0f) && ((int32_t)y & 1) != 0;
  return odd ? -magnitude : magnitude;
}
