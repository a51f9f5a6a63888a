/*
 * Inside the library: round(acc * multiplier) + zero in integers, for operators whose definition is in float: the caller states how far float
 * may be off, and computes in float where the result is that close to a tie.
 */
#ifndef DNNRT_SCALE_H
#define DNNRT_SCALE_H

#include <string.h>

#include "dnnrt_requantize.h"

typedef struct {
  int32_t down;         /* sums are shifted right by this, or left; above 31: nothing is certain */
  int32_t upper, lower; /* 16 and 8 of the multiplier's 24 bits */
  int32_t centre, near; /* half of what the shift may lose; how close to a tie nothing is certain; in 2^-22 */
} dnnrt_scale_t;

/* `slack`: how far float may be off, in 2^-22 of a step of the result; below 2^20. */
static inline dnnrt_scale_t dnnrt_scale(float multiplier, int32_t slack) {
  dnnrt_scale_t s;
  uint32_t bits;
  memcpy(&bits, &multiplier, sizeof bits);
  s.down = 120 - (int32_t)(bits >> 23);
  s.upper = (int32_t)((bits >> 8 & 0x7fffu) | 0x8000u);
  s.lower = (int32_t)(bits & 255u);
  if (s.down < -8) s.down = 32;
  else if (s.down > 31) s.down = 31; /* what any sum times so little rounds to is 0 */
  s.centre = s.down > 0 ? 1 << 15 : 0;
  s.near = slack + s.centre + 2;
  return s;
}

/*
 * The product has 22 bits behind the point: 40 bits are never needed, since |acc| shifted beyond 32720 is a result beyond 255, which
 * saturates whatever the zero point. 0 where the result is not certain.
 */
static inline int dnnrt_scaled(const dnnrt_scale_t *s, int32_t acc, int32_t zero, int32_t lo, int32_t hi, int32_t *y) {
  const int32_t most = 32720;
  if (s->down > 31 || (s->down < 0 && (acc <= -(1 << 22) || acc >= 1 << 22))) return 0;
  const int32_t a = s->down >= 0 ? acc >> s->down : acc * (1 << -s->down);
  if (a > most) return *y = hi, 1;
  if (a < -most) return *y = lo, 1;
  const int32_t sum = a * s->upper + ((a * s->lower) >> 8) + s->centre + (1 << 21);
  if (((uint32_t)(sum + s->near) & 0x3fffffu) < 2u * (uint32_t)s->near) return 0;
  const int32_t q = (sum >> 22) + zero;
  *y = q < lo ? lo : q > hi ? hi : q;
  return 1;
}

#endif
