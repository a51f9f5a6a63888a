#include "dnnrt_bits.h"
#include "dnnrt_requantize.h"

static int32_t exact(const dnnrt_affine_s8_t *p, float x) { return dnnrt_saturate_f32(x / p->scale, p->zero, p->lo, p->hi); }

#if DNNRT_INTEGER_REQUANTIZE
/* y when x is nearer to a tie than the integers can tell, or unusual. Apart, so that the loop keeps its registers. */
static __attribute__((noinline)) int32_t quantize_exactly(const dnnrt_affine_s8_t *p, const float *x) { return exact(p, *x); }

/*
 * |x| = m * 2^(e - 150) and 1 / scale = 256 f * 2^(r - 150) with 2^15 <= f <= 2^16. In integers of 2^-16 their product is off by less than
 * 2^-7 for results up to 256; larger ones are saturated anyway.
 */
static void quantize_fixed(const dnnrt_affine_s8_t *p, const float *x, int8_t *y, uint32_t inverse) {
  const uint32_t factor = ((inverse & 0x7fffffu) + 0x800000u + 128u) >> 8;
  const int32_t shift = 268 - (int32_t)(inverse >> 23);
  const int32_t start = p->zero * 65536 + 0x8200, lo = p->lo, hi = p->hi;
  for (int8_t *end = y + p->n; y != end; x++, y++) {
    const uint32_t bits = dnnrt_bits(*x);
    const int32_t down = shift - (int32_t)(bits << 1 >> 24);
    int32_t q, v = 0;
    if (down < 7) {
      *y = (int8_t)quantize_exactly(p, x);
      continue;
    }
    if (down < 32) {
      const uint32_t low = bits & 255u, high = (bits << 9 >> 17) + 0x8000u;
      v = (int32_t)((high * factor + (low * factor >> 8)) >> down);
      if ((int32_t)bits < 0) v = -v;
    }
    v += start;
    q = v >> 16;
    if ((v & 0xfc00) == 0) q = quantize_exactly(p, x);
    if (q < lo) q = lo;
    if (q > hi) q = hi;
    *y = (int8_t)q;
  }
}
#endif

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
/*
 * x times 1 / scale differs from x / scale by less than 2^-13 where results do not saturate: they round alike unless the product lies closer to
 * a tie, and only then is divided. What is too large for the conversion, or no number, is never close to its rounding.
 */
static void quantize_by_product(const dnnrt_affine_s8_t *p, const float *x, int8_t *y, float inverse) {
  const int32_t zero = p->zero, lo = p->lo, hi = p->hi;
  for (int8_t *end = y + p->n; y != end; x++, y++) {
    const float v = *x * inverse;
    float rounded, back;
    int32_t q;
    __asm__("vcvtr.s32.f32 %0, %2\n vcvt.f32.s32 %1, %0" : "=&t"(rounded), "=t"(back) : "t"(v));
    if (__builtin_fabsf(v - back) < 0.4998f) {
      __asm__("vmov %0, %1" : "=r"(q) : "t"(rounded));
      q += zero;
      q = q < lo ? lo : q > hi ? hi : q;
    } else {
      q = exact(p, *x);
    }
    *y = (int8_t)q;
  }
}
#endif

/* QuantizeLinear: round-half-even(x / scale) + zero, limited to [lo, hi]. */
void dnnrt_quantize_f32_s8(const dnnrt_affine_s8_t *p, const float *x, int8_t *y) {
#if DNNRT_INTEGER_REQUANTIZE
  const uint32_t bits = dnnrt_bits(1.0f / p->scale);
  if (bits >> 23 > 20 && bits >> 23 < 235) {
    quantize_fixed(p, x, y, bits);
    return;
  }
#elif defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
  if (p->scale > 0x1p-100f && p->scale < 0x1p100f) {
    quantize_by_product(p, x, y, 1.0f / p->scale);
    return;
  }
#endif
  for (uint32_t i = 0; i < p->n; i++) y[i] = (int8_t)exact(p, x[i]);
}
