#include "dnnrt.h"

/* Sets n elements of 8 bits to *value. */
void dnnrt_fill_8(uint32_t n, const void *value, void *y) {
  const uint8_t v = *(const uint8_t *)value;
  for (uint32_t i = 0; i < n; i++) ((uint8_t *)y)[i] = v;
}
