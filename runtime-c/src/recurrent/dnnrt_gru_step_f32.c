#include "dnnrt.h"

/* One time step: gates z, r, h in s [4 hidden], the last quarter for the recurrent part of h; h is updated in place. */
void dnnrt_gru_step_f32(const dnnrt_recurrent_t *p, const dnnrt_recurrent_weights_t *d, const float *x, float *h, float *c, float *s, uint32_t direction) {
  const uint32_t n = p->hidden;
  const float *bias = d->bias ? d->bias + direction * 6 * n : 0;
  const float *r = d->r + direction * 3 * n * n;
  const float *f = p->activations + direction * 6;
  float *candidate = s + 2 * n, *recurrent = s + 3 * n;
  (void)c;
  for (uint32_t i = 0; i < 2 * n; i++) s[i] = bias ? bias[i] + bias[3 * n + i] : 0.0f;
  for (uint32_t i = 0; i < n; i++) {
    candidate[i] = bias ? bias[2 * n + i] : 0.0f;
    recurrent[i] = bias ? bias[5 * n + i] : 0.0f;
  }
  dnnrt_gate_f32(3 * n, p->in_n, d->w + direction * 3 * n * p->in_n, x, s);
  dnnrt_gate_f32(2 * n, n, r, h, s);
  for (uint32_t i = 0; i < 2 * n; i++) s[i] = dnnrt_activationf(f, dnnrt_clipf(s[i], p->clip));
  if (p->option) {
    dnnrt_gate_f32(n, n, r + 2 * n * n, h, recurrent);
    for (uint32_t i = 0; i < n; i++) candidate[i] += s[n + i] * recurrent[i];
  } else {
    for (uint32_t i = 0; i < n; i++) {
      candidate[i] += recurrent[i];
      s[n + i] *= h[i];
    }
    dnnrt_gate_f32(n, n, r + 2 * n * n, s + n, candidate);
  }
  for (uint32_t i = 0; i < n; i++) {
    const float v = dnnrt_activationf(f + 3, dnnrt_clipf(candidate[i], p->clip));
    h[i] = (1.0f - s[i]) * v + s[i] * h[i];
  }
}
