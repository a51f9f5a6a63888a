#include "dnnrt.h"

/* Fully connected layer; reference form. x [rows, in_n], y [rows, out_n]. */
void dnnrt_fc_f32(const dnnrt_fc_f32_t *p, const float *x, float *y) {
  for (uint32_t row = 0; row < p->rows; row++, x += p->in_n) {
    const float *w = p->weights;
    for (uint32_t o = 0; o < p->out_n; o++) {
      float v = 0.0f;
      for (uint32_t i = 0; i < p->in_n; i++) v += x[i] * *w++;
      if (p->bias) v += p->bias[o];
      *y++ = v < p->lo ? p->lo : v > p->hi ? p->hi : v;
    }
  }
}
