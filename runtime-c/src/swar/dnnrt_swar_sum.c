#include "dnnrt_swar.h"

/* 254 words at a time: so many values stay within half a word. */
DNNRT_HOT int32_t dnnrt_swar_sum(const uint32_t *words, int32_t n) {
  int32_t sum = 0;
  while (n > 0) {
    const uint32_t *const end = words + (n < 254 ? n : 254);
    uint32_t both = 0;
    n -= 254;
    for (; words != end; words += 2) both += words[0] + words[1];
    const int32_t low = (int16_t)both;
    sum += low + ((int32_t)(both - (uint32_t)low) >> 16);
  }
  return sum;
}
