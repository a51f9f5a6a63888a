#include "dnnrt_swar.h"

void dnnrt_swar_limit(const dnnrt_requantize_t *q, int32_t n, int8_t *y) {
  if (q->lo <= -128 && q->hi >= 127) return;
  for (; n > 0; n--, y++) {
    if (*y < q->lo) *y = (int8_t)q->lo;
    else if (*y > q->hi) *y = (int8_t)q->hi;
  }
}
