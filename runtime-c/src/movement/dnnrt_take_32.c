#include "dnnrt.h"

/* y[i] = x[table[i]] on 32-bit elements; a negative entry leaves y[i] as it is. */
void dnnrt_take_32(uint32_t n, const int32_t *table, const void *x, void *y) {
  for (uint32_t i = 0; i < n; i++) {
    if (table[i] >= 0) ((uint32_t *)y)[i] = ((const uint32_t *)x)[table[i]];
  }
}
