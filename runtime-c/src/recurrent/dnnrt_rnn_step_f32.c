#include "dnnrt.h"

/* One time step: h = f(W x + R h + b). */
void dnnrt_rnn_step_f32(const dnnrt_recurrent_t *p, const dnnrt_recurrent_weights_t *d, const float *x, float *h, float *c, float *s, uint32_t direction) {
  const uint32_t n = p->hidden;
  const float *bias = d->bias ? d->bias + direction * 2 * n : 0;
  (void)c;
  for (uint32_t i = 0; i < n; i++) s[i] = bias ? bias[i] + bias[n + i] : 0.0f;
  dnnrt_gate_f32(n, p->in_n, d->w + direction * n * p->in_n, x, s);
  dnnrt_gate_f32(n, n, d->r + direction * n * n, h, s);
  for (uint32_t i = 0; i < n; i++) h[i] = dnnrt_activationf(p->activations + direction * 3, dnnrt_clipf(s[i], p->clip));
}
