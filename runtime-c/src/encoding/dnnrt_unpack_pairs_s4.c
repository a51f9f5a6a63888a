#include "dnnrt.h"

static uint32_t pair(uint32_t byte) {
  const uint32_t a = ((byte & 15u) ^ 8u) - 8u, b = ((byte >> 4) ^ 8u) - 8u;
  return (256u * b + a) & 0xffffu;
}

/*
 * Makes the stream of dnnrt_conv2d_s8_dsp: for each pair of channels a, b two words of `ends`, `words` words with two int16 256 b + a each, and
 * three words of `ends`. x: a byte for each int16, a in the lower half.
 */
void dnnrt_unpack_pairs_s4(uint32_t pairs, uint32_t words, const uint8_t *x, const int32_t *ends, int32_t *y) {
  for (; pairs > 0; pairs--) {
    *y++ = *ends++;
    *y++ = *ends++;
    for (uint32_t i = 0; i < words; i++, x += 2) *y++ = (int32_t)(pair(x[0]) | pair(x[1]) << 16);
    *y++ = *ends++;
    *y++ = *ends++;
    *y++ = *ends++;
  }
}
