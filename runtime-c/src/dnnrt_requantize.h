/* Inside the library: requantization of int32 sums, with the same bits with and without a floating-point unit. */
#ifndef DNNRT_REQUANTIZE_H
#define DNNRT_REQUANTIZE_H

#include "dnnrt_round.h"

/* Cores that compute float in software take the integer path; -DDNNRT_INTEGER_REQUANTIZE=1 forces it, for tests. */
#ifndef DNNRT_INTEGER_REQUANTIZE
#ifdef __SOFTFP__
#define DNNRT_INTEGER_REQUANTIZE 1
#else
#define DNNRT_INTEGER_REQUANTIZE 0
#endif
#endif

static inline int32_t dnnrt_requantize(int32_t acc, float multiplier, int32_t zero, int32_t lo, int32_t hi) {
#if DNNRT_INTEGER_REQUANTIZE
  return dnnrt_requantize_integer(acc, multiplier, zero, lo, hi);
#else
  return dnnrt_saturate_f32((float)acc * multiplier, zero, lo, hi);
#endif
}

#endif
