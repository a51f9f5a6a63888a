#include "dnnrt.h"

/* y = table[x + 128]; table has 256 entries. x and y may be the same. */
void dnnrt_lut_s8(uint32_t n, const int8_t *table, const int8_t *x, int8_t *y) {
  for (uint32_t i = 0; i < n; i++) y[i] = table[x[i] + 128];
}
