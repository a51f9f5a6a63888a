/* Elementary functions in single precision, about 1-2 units in the last place; the same on every platform up to contraction. */
#include "engine.h"

float engine_exp(float x) {
  if (x != x) return x;
  if (x > 88.72f) return __builtin_inff();
  if (x < -87.3f) return 0;
  /* x = n ln2 + r, |r| <= ln2 / 2; ln2 in two parts (Cody and Waite). */
  float n = x * 1.44269504f;
  int i = (int)(n + (n < 0 ? -0.5f : 0.5f));
  n = (float)i;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666667f + r * (0.0416666667f + r * (0.00833333333f + r * 0.00138888889f)))));
  union {
    int32_t i;
    float f;
  } u = {.i = (i + 126) << 23};
  return p * u.f * 2.0f;
}

float engine_log(float x) {
  if (!(x > 0)) return x == 0 ? -__builtin_inff() : __builtin_nanf("");
  if (x > 3.4028234e38f) return x;
  union {
    float f;
    int32_t i;
  } u = {.f = x};
  int k = 0;
  if (u.i < 0x00800000) {
    u.f *= 8388608.0f;
    k = -23;
  }
  k += (u.i >> 23) - 127;
  u.i = (u.i & 0x007fffff) | 0x3f800000;
  float m = u.f;
  if (m > 1.41421356f) {
    m *= 0.5f;
    k++;
  }
  /* log m = 2 artanh((m - 1) / (m + 1)) */
  float s = (m - 1) / (m + 1), z = s * s;
  float p = 2 * s * (1 + z * (0.333333333f + z * (0.2f + z * (0.142857143f + z * 0.111111111f))));
  return (float)k * 0.693147181f + p;
}

float engine_sigmoid(float x) {
  if (x >= 0) return 1 / (1 + engine_exp(-x));
  float t = engine_exp(x);
  return t / (1 + t);
}

float engine_tanh(float x) {
  float m = x < 0 ? -x : x;
  if (m < 0.1f) {
    float z = x * x;
    return x * (1 - z * (0.333333333f - z * (0.133333333f - z * 0.0539682540f)));
  }
  float t = engine_exp(-2 * m);
  float y = (1 - t) / (1 + t);
  return x < 0 ? -y : y;
}

/* Series for small arguments, continued fraction (Abramowitz and Stegun 7.1.14) beyond. */
float engine_erf(float x) {
  float m = x < 0 ? -x : x, y;
  if (m < 2.2f) {
    float term = m, sum = m;
    for (int n = 1; n < 32; n++) {
      term *= -m * m / (float)n;
      sum += term / (float)(2 * n + 1);
    }
    y = 1.12837917f * sum;
  } else {
    float f = 0;
    for (int n = 16; n >= 1; n--) f = ((float)n * 0.5f) / (m + f);
    y = 1 - engine_exp(-m * m) * 0.564189584f / (m + f);
  }
  return x < 0 ? -y : y;
}

float engine_sqrt(float x) { return __builtin_sqrtf(x); }
