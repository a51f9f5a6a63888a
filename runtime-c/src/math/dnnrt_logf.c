#include "dnnrt.h"

#include <string.h>

/* Natural logarithm: x = m * 2^k with m near 1, log m = 2 atanh((m - 1) / (m + 1)) by its series. */
float dnnrt_logf(float x) {
  if (x != x || x == INFINITY) return x;
  if (x < 0.0f) return NAN;
  if (x == 0.0f) return -INFINITY;
  int32_t k = 0;
  if (x < 1.17549435e-38f) {
    x *= 8388608.0f;
    k = -23;
  }
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  k += (int32_t)(bits >> 23) - 127;
  bits = (bits & 0x7fffffu) | 0x3f800000u;
  memcpy(&x, &bits, sizeof x);
  if (x > 1.41421356f) {
    x *= 0.5f;
    k++;
  }
  const float f = x - 1.0f, s = f / (2.0f + f), z = s * s;
  const float series = s * z * (0.666666667f + z * (0.4f + z * (0.285714286f + z * 0.222222222f)));
  return (float)k * 0.693145752f + ((float)k * 1.42860677e-6f + (2.0f * s + series));
}
