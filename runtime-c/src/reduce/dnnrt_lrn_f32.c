#include "dnnrt.h"

/* y = x / (bias + alpha / size * sum of x^2)^beta over size neighbours along the middle axis. x and y differ. */
void dnnrt_lrn_f32(const dnnrt_lrn_t *p, const float *x, float *y) {
  const dnnrt_axis_t *g = &p->axis;
  const int32_t before = ((int32_t)p->size - 1) / 2, after = (int32_t)p->size / 2, n = (int32_t)g->n;
  for (uint32_t o = 0; o < g->outer; o++, x += g->n * g->inner, y += g->n * g->inner) {
    for (uint32_t k = 0; k < g->inner; k++) {
      for (int32_t i = 0; i < n; i++) {
        float squares = 0.0f;
        for (int32_t j = i - before; j <= i + after; j++) {
          if (j < 0 || j >= n) continue;
          const float v = x[(uint32_t)j * g->inner + k];
          squares += v * v;
        }
        const uint32_t at = (uint32_t)i * g->inner + k;
        y[at] = x[at] / dnnrt_powf(p->bias + p->alpha / (float)p->size * squares, p->beta);
      }
    }
  }
}
