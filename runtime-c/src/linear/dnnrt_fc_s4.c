#include "dnnrt_requantize.h"

/*
 * Fully connected layer of 4-bit weights with zero point 0, for inputs whose zero point is folded into the bias. A byte holds the weights of
 * two outputs for one input, the first in the lower half: [output pair][in_n]. x [rows, in_n], y [rows, out_n].
 */
void dnnrt_fc_s4(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_requantize_t *q = &p->requantize;
  for (uint32_t row = 0; row < p->rows; row++, x += p->in_n) {
    const int8_t *w = p->weights;
    for (uint32_t o = 0; o < p->out_n; o += 2) {
      int32_t a = p->bias[o], b = o + 1 < p->out_n ? p->bias[o + 1] : 0;
      for (uint32_t i = 0; i < p->in_n; i++) {
        const int32_t both = *w++, v = x[i];
        a += v * ((int32_t)((uint32_t)both << 28) >> 28);
        b += v * (both >> 4);
      }
      *y++ = (int8_t)dnnrt_requantize(a, q->multiplier[o * q->per_channel], q->y_zero, q->lo, q->hi);
      if (o + 1 < p->out_n)
        *y++ = (int8_t)dnnrt_requantize(b, q->multiplier[(o + 1) * q->per_channel], q->y_zero, q->lo, q->hi);
    }
  }
}
