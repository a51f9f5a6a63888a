#include "dnnrt.h"

/* Moves between uint8 values and their int8 form shifted by 128. x and y may be the same. */
void dnnrt_flip_sign_8(uint32_t n, const uint8_t *x, uint8_t *y) {
  for (uint32_t i = 0; i < n; i++) y[i] = (uint8_t)(x[i] ^ 0x80u);
}
