/*
 * Inside the library: requantization by an integer multiplier that the compiler proved to give the bits of the float one
 * (evaluators/codegen/kernels/integer-multiplier.ts): y = saturate((sum * 2^s * m / 2^32 + offset) / 2^bits), rounded down. Where there is
 * none, tables hold the float with its sign set instead.
 */
#ifndef DNNRT_NARROW_H
#define DNNRT_NARROW_H

#include <string.h>

#include "dnnrt_requantize.h"

static inline int32_t dnnrt_narrow_offset(int32_t zero, int32_t bits) {
  return (2 * zero + 1) * (1 << (bits - 1));
}

static inline int8_t dnnrt_narrow(int32_t sum, int32_t m, int32_t offset, int32_t bits) {
  const int32_t y = ((int32_t)((int64_t)sum * m >> 32) + offset) >> bits;
  return (int8_t)(y < -128 ? -128 : y > 127 ? 127 : y);
}

static inline float dnnrt_negated(int32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return -value;
}

#endif
