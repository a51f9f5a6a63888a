#include "dnnrt_requantize.h"

/* Fully connected layer; reference form. x [rows, in_n], y [rows, out_n]. */
void dnnrt_fc_s8(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_requantize_t *q = &p->requantize;
  for (uint32_t row = 0; row < p->rows; row++, x += p->in_n) {
    const int8_t *w = (const int8_t *)p->weights;
    for (uint32_t o = 0; o < p->out_n; o++) {
      const int32_t w_zero = p->weight_zero ? p->weight_zero[o * p->weight_zero_step] : 0;
      int32_t sum = p->bias ? p->bias[o] : 0;
      for (uint32_t i = 0; i < p->in_n; i++) sum += (x[i] - p->x_zero) * (*w++ - w_zero);
      *y++ = (int8_t)dnnrt_requantize(sum, q->multiplier[o * q->per_channel], q->y_zero, q->lo, q->hi);
    }
  }
}
