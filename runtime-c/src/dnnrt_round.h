/* Inside the library: rounding and saturation of float results. */
#ifndef DNNRT_ROUND_H
#define DNNRT_ROUND_H

#include "dnnrt.h"

/* Round half to even for |v| < 2^22: adding 1.5 * 2^23 leaves no bits for the fraction. */
static inline int32_t dnnrt_nearest(float v) {
  const float magic = 12582912.0f;
  return (int32_t)((v + magic) - magic);
}

/* round(v) + zero within [lo, hi]. Limiting first keeps any float within the range of the rounding; NaN counts as 0. */
static inline int32_t dnnrt_saturate_f32(float v, int32_t zero, int32_t lo, int32_t hi) {
  if (v != v) v = 0.0f;
  const float below = (float)(lo - zero), above = (float)(hi - zero);
  if (!(v > below)) return lo;
  if (v >= above) return hi;
  return dnnrt_nearest(v) + zero;
}

/* a * b + c rounded once, for |a| <= 2^9. In double the product is exact, and so is the sum unless a * b is below c by 2^20. */
static inline float dnnrt_fused_f32(int32_t a, float b, float c) {
#ifdef __ARM_FEATURE_FMA
  return __builtin_fmaf((float)a, b, c);
#else
  return (float)((double)a * (double)b + (double)c);
#endif
}

#endif
