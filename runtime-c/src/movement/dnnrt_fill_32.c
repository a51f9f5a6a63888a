#include "dnnrt.h"

/* Sets n elements of 32 bits to *value. */
void dnnrt_fill_32(uint32_t n, const void *value, void *y) {
  const uint32_t v = *(const uint32_t *)value;
  for (uint32_t i = 0; i < n; i++) ((uint32_t *)y)[i] = v;
}
