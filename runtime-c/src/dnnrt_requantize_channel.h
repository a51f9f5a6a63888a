/* Inside the library: requantization of many sums by one multiplier, with the bits of dnnrt_requantize. */
#ifndef DNNRT_REQUANTIZE_CHANNEL_H
#define DNNRT_REQUANTIZE_CHANNEL_H

#include <string.h>

#include "dnnrt_requantize.h"

typedef struct {
  float multiplier;
#if DNNRT_INTEGER_REQUANTIZE
  int32_t down;  /* sums are shifted right by this, or left; above 31: no short cut */
  int32_t upper; /* the upper 16 of the multiplier's 24 bits */
#endif
} dnnrt_channel_t;

static inline dnnrt_channel_t dnnrt_channel(float multiplier) {
  dnnrt_channel_t c;
  c.multiplier = multiplier;
#if DNNRT_INTEGER_REQUANTIZE
  uint32_t bits;
  memcpy(&bits, &multiplier, sizeof bits);
  c.down = 120 - (int32_t)(bits >> 23);
  c.upper = (int32_t)((bits >> 8 & 0x7fffu) | 0x8000u);
  if (c.down < -8) c.down = 32;
  else if (c.down > 31) c.down = 31; /* what any sum times so little rounds to is 0 */
#endif
  return c;
}

/*
 * In integers: a 16-bit multiplication leaves the result with 22 bits behind the point, exact within 2^-6 (the part of the sum
 * shifted out, the lower bits of the multiplier); closer to a tie than that, the long way decides. Sums whose result lies
 * beyond 255 saturate whatever the zero point.
 */
static inline int32_t dnnrt_requantize_by(const dnnrt_channel_t *c, int32_t acc, int32_t zero, int32_t lo, int32_t hi) {
#if DNNRT_INTEGER_REQUANTIZE
  const int32_t most = 32720, margin = 65792;
  if (c->down <= 31 && (c->down >= 0 || (acc > -(1 << 22) && acc < 1 << 22))) {
    const int32_t a = c->down >= 0 ? acc >> c->down : acc * (1 << -c->down);
    if (a > most) return hi;
    if (a < -most) return lo;
    const int32_t sum = a * c->upper + (1 << 15) + (1 << 21);
    if (((uint32_t)(sum + margin) & 0x3fffffu) >= 2u * (uint32_t)margin) {
      const int32_t q = (sum >> 22) + zero;
      return q < lo ? lo : q > hi ? hi : q;
    }
  }
#endif
  return dnnrt_requantize(acc, c->multiplier, zero, lo, hi);
}

#endif
