#include "dnnrt.h"

/* 1 at the first largest element along the middle axis, 0 elsewhere. x and y differ. */
void dnnrt_hardmax_f32(const dnnrt_axis_t *p, const float *x, float *y) {
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner, y += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k++) {
      uint32_t best = 0;
      for (uint32_t i = 0; i < p->n; i++) {
        if (x[i * p->inner + k] > x[best * p->inner + k]) best = i;
        y[i * p->inner + k] = 0.0f;
      }
      y[best * p->inner + k] = 1.0f;
    }
  }
}
