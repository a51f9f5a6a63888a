#include "dnnrt_round.h"

/* Softmax along one axis of quantized values; sums in index order. x and y may be the same. */
void dnnrt_softmax_s8(const dnnrt_softmax_s8_t *p, const int8_t *x, int8_t *y) {
  for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner, y += p->n * p->inner) {
    for (uint32_t k = 0; k < p->inner; k++) {
      int32_t largest = -128;
      float sum = 0.0f;
      for (uint32_t i = 0; i < p->n; i++) {
        if (x[i * p->inner + k] > largest) largest = x[i * p->inner + k];
      }
      const float *table = p->table + 255 - largest;
      for (uint32_t i = 0; i < p->n; i++) sum += table[x[i * p->inner + k]];
      for (uint32_t i = 0; i < p->n; i++) {
        const float share = table[x[i * p->inner + k]] * p->inverse / sum;
        y[i * p->inner + k] = (int8_t)dnnrt_saturate_f32(share, p->y_zero, -128, 127);
      }
    }
  }
}
