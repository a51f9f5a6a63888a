#include "dnnrt.h"

/* Sets n elements of 16 bits to *value. */
void dnnrt_fill_16(uint32_t n, const void *value, void *y) {
  const uint16_t v = *(const uint16_t *)value;
  for (uint32_t i = 0; i < n; i++) ((uint16_t *)y)[i] = v;
}
