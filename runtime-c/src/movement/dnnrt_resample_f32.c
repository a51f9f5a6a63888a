#include "dnnrt.h"

/* y[o][i][k] = sum over taps t of weights[i][t] * x[o][places[i][t]][k]: interpolation along one axis. */
void dnnrt_resample_f32(const dnnrt_resample_t *p, const float *x, float *y) {
  for (uint32_t o = 0; o < p->outer; o++, x += p->in_n * p->inner) {
    for (uint32_t i = 0; i < p->out_n; i++) {
      for (uint32_t k = 0; k < p->inner; k++) {
        float sum = 0.0f;
        for (uint32_t t = 0; t < p->taps; t++) {
          sum += p->weights[i * p->taps + t] * x[p->places[i * p->taps + t] * p->inner + k];
        }
        *y++ = sum;
      }
    }
  }
}
