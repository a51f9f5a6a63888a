#include "dnnrt.h"

/* Limits quantized values to [lo, hi]. x and y may be the same. */
void dnnrt_clamp_s8(const dnnrt_affine_s8_t *p, const int8_t *x, int8_t *y) {
  for (uint32_t i = 0; i < p->n; i++) y[i] = (int8_t)(x[i] < p->lo ? p->lo : x[i] > p->hi ? p->hi : x[i]);
}
