#include "dnnrt.h"

#include <string.h>

/*
 * e^x = 2^k * e^r with k = round(x / ln 2) and |r| <= ln 2 / 2, ln 2 split in two so that r is nearly exact; e^r by its Taylor polynomial to
 * the seventh power. Relative error below 1.2e-7. 2^k is applied in two steps so that results below 2^-126 are right.
 */
float dnnrt_expf(float x) {
  if (x != x) return x;
  if (x > 88.72284f) return INFINITY;
  if (x < -103.972081f) return 0.0f;
  const float k = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
  const float r = (x - k * 0.693145752f) - k * 1.42860677e-6f;
  float e = 1.98412698e-4f;
  e = e * r + 1.38888889e-3f;
  e = e * r + 8.33333333e-3f;
  e = e * r + 4.16666667e-2f;
  e = e * r + 1.66666667e-1f;
  e = e * r + 0.5f;
  e = e * (r * r) + r + 1.0f;
  const int32_t half = (int32_t)k / 2, rest = (int32_t)k - half;
  const uint32_t bits[2] = {(uint32_t)(half + 127) << 23, (uint32_t)(rest + 127) << 23};
  float scale[2];
  memcpy(scale, bits, sizeof scale);
  return e * scale[0] * scale[1];
}
