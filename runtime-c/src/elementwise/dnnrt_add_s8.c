#include "dnnrt_dsp.h"
#include "dnnrt_swar.h"

static int32_t exact(const dnnrt_add_s8_t *p, int32_t a, int32_t b) {
  const float part = dnnrt_fused_f32(b + p->b_shift, p->b_ratio, p->fixed);
  return dnnrt_saturate_f32(dnnrt_fused_f32(a + p->a_shift, p->a_ratio, part), 0, p->lo, p->hi) - p->y_shift;
}

/* Four sums at a time, also in portable form for tests: two integer multiply-accumulates are faster than two fused ones in float. */
#ifndef DNNRT_ADD_QUADS
#define DNNRT_ADD_QUADS DNNRT_DSP
#endif

#if DNNRT_ADD_QUADS && !DNNRT_INTEGER_REQUANTIZE
#define FRACTION 13
#define RATIO_FRACTION (16 + FRACTION)
#define BAND 8

static int32_t within(float v, float limit) { return v > -limit && v < limit; }

#if DNNRT_DSP
/* sum + ratio * half / 2^16, rounded down, for the low and the high half of a pair. */
static inline int32_t add_low(int32_t ratio, uint32_t pair, int32_t sum) {
  __asm__("smlawb %0, %1, %2, %0" : "+r"(sum) : "r"(ratio), "r"(pair));
  return sum;
}

static inline int32_t add_high(int32_t ratio, uint32_t pair, int32_t sum) {
  __asm__("smlawt %0, %1, %2, %0" : "+r"(sum) : "r"(ratio), "r"(pair));
  return sum;
}

/* In each half what `most` exceeds the fraction of a sum by. */
static inline uint32_t below(uint32_t most, int32_t low, int32_t high) {
  uint32_t pair;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(low), "r"(high));
  pair &= ((1u << FRACTION) - 1) * 0x10001u;
  __asm__("uqsub16 %0, %1, %0" : "+r"(pair) : "r"(most));
  return pair;
}

static inline uint32_t narrow(int32_t sum) {
  uint32_t y;
  __asm__("ssat %0, #8, %1, asr #13" : "=r"(y) : "r"(sum));
  return y;
}

/* Bytes of word that are no less than those of lo and no more than those of hi. */
static inline uint32_t limited(uint32_t word, uint32_t lo, uint32_t hi) {
  uint32_t spare;
  __asm__("ssub8 %1, %0, %2\n sel %0, %0, %2\n ssub8 %1, %3, %0\n sel %0, %0, %3" : "+r"(word), "=&r"(spare) : "r"(lo), "r"(hi));
  return word;
}
#else
static int32_t add_low(int32_t ratio, uint32_t pair, int32_t sum) { return sum + (int32_t)((int64_t)ratio * (int16_t)pair >> 16); }
static int32_t add_high(int32_t ratio, uint32_t pair, int32_t sum) { return add_low(ratio, pair >> 16, sum); }

static uint32_t below(uint32_t most, int32_t low, int32_t high) {
  const uint32_t mask = (1u << FRACTION) - 1, bound = most & 0xffff;
  return ((uint32_t)low & mask) < bound || ((uint32_t)high & mask) < bound;
}

static uint32_t narrow(int32_t sum) {
  const int32_t y = sum >> FRACTION;
  return (uint32_t)(y < -128 ? -128 : y > 127 ? 127 : y);
}

static uint32_t limited(uint32_t word, uint32_t lo, uint32_t hi) {
  uint32_t result = 0;
  for (int32_t bits = 0; bits < 32; bits += 8) {
    const int8_t y = (int8_t)(word >> bits), least = (int8_t)lo, most = (int8_t)hi;
    result |= (uint32_t)(uint8_t)(y < least ? least : y > most ? most : y) << bits;
  }
  return result;
}
#endif

static uint32_t exact_quad(const dnnrt_add_s8_t *p, uint32_t a, uint32_t b) {
  uint32_t word = 0;
  for (int32_t bits = 0; bits < 32; bits += 8) word |= (uint32_t)(uint8_t)exact(p, (int8_t)(a >> bits), (int8_t)(b >> bits)) << bits;
  return word;
}

/*
 * In integers of 2^-13 the sum is off by less than BAND with what the definition itself rounds: only sums that near to a tie need it.
 * Returns how many are done: none where ratios, sums or limits are too large for that.
 */
static uint32_t add_quads(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
  const float one = (float)(1 << RATIO_FRACTION);
  const int32_t lo = p->lo - p->y_shift, hi = p->hi - p->y_shift, limits = lo != -128 || hi != 127;
  if (!within(p->a_ratio, 4.0f) || !within(p->b_ratio, 4.0f) || !within(p->fixed, 1024.0f) || lo < -128 || hi > 127) return 0;
  const int32_t a_ratio = (int32_t)(p->a_ratio * one), b_ratio = (int32_t)(p->b_ratio * one);
  const int64_t shifts = (int64_t)a_ratio * p->a_shift + (int64_t)b_ratio * p->b_shift;
  const int32_t start = (int32_t)(shifts >> 16) + (int32_t)(p->fixed * (float)(1 << FRACTION)) - p->y_shift * (1 << FRACTION) + (1 << (FRACTION - 1)) + BAND;
  const uint32_t least = (uint32_t)(uint8_t)lo * 0x1010101u, most = (uint32_t)(uint8_t)hi * 0x1010101u;
  const uint32_t done = p->n & ~3u;
  for (const int8_t *const end = a + done; a != end; a += 4, b += 4, y += 4) {
    const uint32_t left = dnnrt_load_word(a), right = dnnrt_load_word(b);
    uint32_t a_pair = dnnrt_widen_even(left), b_pair = dnnrt_widen_even(right);
    const int32_t v0 = add_low(a_ratio, a_pair, add_low(b_ratio, b_pair, start)), v2 = add_high(a_ratio, a_pair, add_high(b_ratio, b_pair, start));
    a_pair = dnnrt_widen_odd(left), b_pair = dnnrt_widen_odd(right);
    const int32_t v1 = add_low(a_ratio, a_pair, add_low(b_ratio, b_pair, start)), v3 = add_high(a_ratio, a_pair, add_high(b_ratio, b_pair, start));
    uint32_t word = (narrow(v0) & 0xff) | (narrow(v1) & 0xff) << 8 | (narrow(v2) & 0xff) << 16 | narrow(v3) << 24;
    if ((below(2 * BAND * 0x10001u, v0, v2) | below(2 * BAND * 0x10001u, v1, v3)) != 0) word = exact_quad(p, left, right);
    else if (limits) word = limited(word, least, most);
    dnnrt_store_word(y, word);
  }
  return done;
}
#else
static uint32_t add_quads(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
  (void)p, (void)a, (void)b, (void)y;
  return 0;
}
#endif

/* Sum of two quantized tensors of one shape. y may be a or b. */
void dnnrt_add_s8(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
#if DNNRT_INTEGER_REQUANTIZE
  if (p->n > 0 && dnnrt_swar_add(p, a, b, y)) return;
#endif
  for (uint32_t i = add_quads(p, a, b, y); i < p->n; i++) y[i] = (int8_t)exact(p, a[i], b[i]);
}
