#include "dnnrt_bits.h"
#include "dnnrt_requantize.h"

#if DNNRT_INTEGER_REQUANTIZE
/* value * scale for |value| < 256 and a scale whose products are normal numbers: the product of integers, rounded to 24 bits, half to even. */
static float multiply(int32_t value, uint32_t mantissa, uint32_t exponent) {
  const uint32_t sign = value < 0 ? 0x80000000u : 0;
  const uint32_t product = (uint32_t)(value < 0 ? -value : value) * mantissa;
  if (product == 0) return dnnrt_of_bits(0);
  uint32_t shift = product >> 28 ? 4 : 0;
  if (product >> (26 + shift)) shift += 2;
  if (product >> (25 + shift)) shift++;
  if (product >> (24 + shift)) shift++;
  uint32_t rounded = product >> shift;
  if (shift > 0) {
    const uint32_t rest = product << (32 - shift);
    if (rest > 0x80000000u || (rest == 0x80000000u && (rounded & 1u))) rounded++;
  }
  return dnnrt_of_bits(sign | (((exponent + shift - 1) << 23) + rounded));
}
#endif

/* DequantizeLinear: (x - zero) * scale. */
void dnnrt_dequantize_s8_f32(const dnnrt_affine_s8_t *p, const int8_t *x, float *y) {
#if DNNRT_INTEGER_REQUANTIZE
  const uint32_t bits = dnnrt_bits(p->scale), exponent = bits >> 23;
  if (exponent > 0 && exponent < 240) {
    const uint32_t mantissa = (bits & 0x7fffffu) | 0x800000u;
    for (uint32_t i = 0; i < p->n; i++) y[i] = multiply(x[i] - p->zero, mantissa, exponent);
    return;
  }
#endif
  for (uint32_t i = 0; i < p->n; i++) y[i] = (float)(x[i] - p->zero) * p->scale;
}
