#include "dnnrt_requantize.h"
#include "dnnrt_swar.h"

static int32_t exact(const dnnrt_add_s8_t *p, int32_t a, int32_t b) {
  const float part = dnnrt_fused_f32(b + p->b_shift, p->b_ratio, p->fixed);
  return dnnrt_saturate_f32(dnnrt_fused_f32(a + p->a_shift, p->a_ratio, part), 0, p->lo, p->hi) - p->y_shift;
}

/* Two integer multiply-accumulates are faster than two fused ones in float even where there is an FPU. */
#if defined(__ARM_ARCH) && !DNNRT_INTEGER_REQUANTIZE
#define IN_INTEGERS 1
#else
#define IN_INTEGERS 0
#endif

#if IN_INTEGERS
#define FRACTION 18
#define BAND (1 << (FRACTION - 9))

static int32_t within(float v, float limit) { return v > -limit && v < limit; }

/*
 * In integers of 2^-18 the sum is off by less than 2^-9, which is halved ratios times 256 twice: only sums that near to a tie need the
 * definition. False when ratios or sums are too large for that.
 */
static int32_t add_fixed(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
  const float one = (float)(1 << FRACTION);
  if (!within(p->a_ratio, 4.0f) || !within(p->b_ratio, 4.0f) || !within(p->fixed, 1024.0f)) return 0;
  const int32_t a_ratio = (int32_t)(p->a_ratio * one), b_ratio = (int32_t)(p->b_ratio * one);
  const int32_t start = (int32_t)(p->fixed * one) + a_ratio * p->a_shift + b_ratio * p->b_shift + (1 << (FRACTION - 1)) + BAND;
  const int32_t lo = p->lo, hi = p->hi, shift = p->y_shift;
  for (uint32_t i = 0; i < p->n; i++) {
    const int32_t v = start + a_ratio * a[i] + b_ratio * b[i];
    if (((uint32_t)v << (32 - FRACTION)) < ((uint32_t)(2 * BAND) << (32 - FRACTION))) {
      y[i] = (int8_t)exact(p, a[i], b[i]);
      continue;
    }
    int32_t q = v >> FRACTION;
    if (q < lo) q = lo;
    if (q > hi) q = hi;
    y[i] = (int8_t)(q - shift);
  }
  return 1;
}
#endif

/* Sum of two quantized tensors of one shape. y may be a or b. */
void dnnrt_add_s8(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
#if DNNRT_INTEGER_REQUANTIZE
  if (p->n > 0 && dnnrt_swar_add(p, a, b, y)) return;
#elif IN_INTEGERS
  if (add_fixed(p, a, b, y)) return;
#endif
  for (uint32_t i = 0; i < p->n; i++) y[i] = (int8_t)exact(p, a[i], b[i]);
}
