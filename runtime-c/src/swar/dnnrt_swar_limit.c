#include "dnnrt_swar.h"

void dnnrt_swar_limit(const dnnrt_requantize_t *q, int32_t runs, int32_t n, int32_t step, int8_t *y) {
  if (q->lo <= -128 && q->hi >= 127) return;
  for (; runs > 0; runs--, y += step) {
    for (int32_t i = 0; i < n; i++) {
      if (y[i] < q->lo) y[i] = (int8_t)q->lo;
      else if (y[i] > q->hi) y[i] = (int8_t)q->hi;
    }
  }
}
