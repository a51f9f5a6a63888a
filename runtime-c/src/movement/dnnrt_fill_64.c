#include "dnnrt.h"

/* Sets n elements of 64 bits to *value. */
void dnnrt_fill_64(uint32_t n, const void *value, void *y) {
  const uint64_t v = *(const uint64_t *)value;
  for (uint32_t i = 0; i < n; i++) ((uint64_t *)y)[i] = v;
}
