#include "dnnrt.h"

static int32_t low(uint32_t byte) {
  return (int32_t)((byte & 15u) ^ 8u) - 8;
}

/*
 * n bytes with two 4-bit values a, b each, a in the lower half. Form DNNRT_NIBBLES_BYTES: two bytes a, b; DNNRT_NIBBLES_FLIPPED: the same
 * with the uppermost bits flipped; DNNRT_NIBBLES_PAIRS: the int16 256 b + a.
 */
void dnnrt_unpack_s4(uint32_t n, uint32_t form, const uint8_t *x, void *y) {
  if (form == DNNRT_NIBBLES_PAIRS) {
    int16_t *to = y;
    for (uint32_t i = 0; i < n; i++) *to++ = (int16_t)(256 * low((uint32_t)x[i] >> 4) + low(x[i]));
    return;
  }
  uint16_t *to = y;
  const uint32_t flip = form == DNNRT_NIBBLES_FLIPPED ? 0x8080u : 0u;
  for (uint32_t i = 0; i < n; i++)
    *to++ = (uint16_t)((((uint32_t)low((uint32_t)x[i] >> 4) & 255u) << 8 | ((uint32_t)low(x[i]) & 255u)) ^ flip);
}
