/* Inside the library: the bits of a float, without a call of memcpy. */
#ifndef DNNRT_BITS_H
#define DNNRT_BITS_H

#include <stdint.h>

typedef union {
  float value;
  uint32_t bits;
} dnnrt_float_t;

static inline uint32_t dnnrt_bits(float value) {
  dnnrt_float_t f;
  f.value = value;
  return f.bits;
}

static inline float dnnrt_of_bits(uint32_t bits) {
  dnnrt_float_t f;
  f.bits = bits;
  return f.value;
}

#endif
