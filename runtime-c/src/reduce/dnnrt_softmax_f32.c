#include "dnnrt.h"

/* Softmax along one axis; the largest element is subtracted first. x and y may be the same. */
void dnnrt_softmax_f32(const dnnrt_softmax_f32_t *p, const float *x, float *y) {
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner, y += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k++) {
      float largest = x[k], sum = 0.0f;
      for (uint32_t i = 1; i < p->n; i++) {
        if (x[i * p->inner + k] > largest) largest = x[i * p->inner + k];
      }
      for (uint32_t i = 0; i < p->n; i++) {
        const float e = dnnrt_expf(x[i * p->inner + k] - largest);
        y[i * p->inner + k] = e;
        sum += e;
      }
      for (uint32_t i = 0; i < p->n; i++) y[i * p->inner + k] /= sum;
    }
  }
}
