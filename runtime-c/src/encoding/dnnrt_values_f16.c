#include "dnnrt_encoding.h"

/* Half precision (IEEE 754 binary16), turned into the equal single-precision value. */
void dnnrt_values_f16(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values) {
  const uint16_t *from = (const uint16_t *)w->values + at->value;
  float *to = values;
  at->value += n;
  for (uint32_t i = 0; i < n; i++, to += sizeof(dnnrt_entry_f32_t) / sizeof *to) {
    const uint32_t half = from[i];
    const uint32_t exponent = half >> 10 & 31u, fraction = half & 0x3ffu;
    union {
      uint32_t bits;
      float value;
    } single;
    single.bits = exponent == 31 ? 0x7f800000u | fraction << 13 : (exponent + 112u) << 23 | fraction << 13;
    /* Subnormal halves are small integers times 2^-24, exact in single precision. */
    if (exponent == 0) single.value = (float)(int32_t)fraction * 5.9604644775390625e-8f;
    single.bits |= (half & 0x8000u) << 16;
    *to = single.value;
  }
}
