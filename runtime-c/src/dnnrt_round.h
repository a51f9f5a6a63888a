/* Inside the library: rounding and saturation of float results. */
#ifndef DNNRT_ROUND_H
#define DNNRT_ROUND_H

#include "dnnrt.h"

/* Round half to even for |v| < 2^22: adding 1.5 * 2^23 leaves no bits for the fraction. */
static inline int32_t dnnrt_nearest(float v) {
  const float magic = 12582912.0f;
  return (int32_t)((v + magic) - magic);
}

/*
 * round(v) + zero within [lo, hi]; NaN counts as 0. Limiting first keeps any float within the range of the rounding. VCVTR rounds as
 * FPSCR says, to nearest even after reset, saturates, and takes NaN for 0.
 */
static inline int32_t dnnrt_saturate_f32(float v, int32_t zero, int32_t lo, int32_t hi) {
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
  int32_t rounded;
  __asm__("vcvtr.s32.f32 %1, %1\n vmov %0, %1\n qadd %0, %0, %2" : "=&r"(rounded), "+t"(v) : "r"(zero));
  return rounded < lo ? lo : rounded > hi ? hi : rounded;
#else
  if (v != v) v = 0.0f;
  const float below = (float)(lo - zero), above = (float)(hi - zero);
  if (!(v > below)) return lo;
  if (v >= above) return hi;
  return dnnrt_nearest(v) + zero;
#endif
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
