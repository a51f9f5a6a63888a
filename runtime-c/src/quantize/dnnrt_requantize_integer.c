#include "dnnrt_bits.h"
#include "dnnrt_round.h"

/*
 * The float definition rounds acc * multiplier to 24 bits and then to an integer. The exact 48-bit product rounds to the same
 * integer unless it lies within half a unit in the last place of a tie. Results matter only up to 511, where that
 * half unit is at most 2^-15; closer to a tie than that, the definition itself is computed.
 */
int32_t dnnrt_requantize_integer(int32_t acc, float multiplier, int32_t zero, int32_t lo, int32_t hi) {
  const uint32_t bits = dnnrt_bits(multiplier);
  const int32_t shift = 150 - (int32_t)(bits >> 23);
  if (acc > -(1 << 24) && acc < (1 << 24) && shift >= 17 && shift <= 62) {
    const int64_t product = (int64_t)acc * (int32_t)((bits & 0x7fffffu) | 0x800000u);
    const int64_t whole = product >> shift;
    const int64_t half = (int64_t)1 << (shift - 1);
    const int64_t beyond = product - (int64_t)((uint64_t)whole << shift) - half;
    const int64_t margin = (int64_t)1 << (shift - 15);
    if (whole < lo - zero - 1) return lo;
    if (whole > hi - zero) return hi;
    if (beyond > margin || beyond < -margin) {
      const int32_t q = (int32_t)whole + (beyond > 0) + zero;
      return q < lo ? lo : q > hi ? hi : q;
    }
  }
  return dnnrt_saturate_f32((float)acc * multiplier, zero, lo, hi);
}
