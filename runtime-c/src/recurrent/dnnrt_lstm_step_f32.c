#include "dnnrt.h"

/* One time step of one sequence: gates i, o, f, c in s [4 hidden]; h and c are updated in place. w, r, b, p of one direction. */
void dnnrt_lstm_step_f32(const dnnrt_recurrent_t *p, const dnnrt_recurrent_weights_t *d, const float *x, float *h, float *c, float *s, uint32_t direction) {
  const uint32_t n = p->hidden;
  const float *bias = d->bias ? d->bias + direction * 8 * n : 0;
  const float *peephole = d->peephole ? d->peephole + direction * 3 * n : 0;
  const float *f = p->activations + direction * 9;
  for (uint32_t i = 0; i < 4 * n; i++) s[i] = bias ? bias[i] + bias[4 * n + i] : 0.0f;
  dnnrt_gate_f32(4 * n, p->in_n, d->w + direction * 4 * n * p->in_n, x, s);
  dnnrt_gate_f32(4 * n, n, d->r + direction * 4 * n * n, h, s);
  for (uint32_t i = 0; i < n; i++) {
    const float pi = peephole ? peephole[i] * c[i] : 0.0f, pf = peephole ? peephole[2 * n + i] * c[i] : 0.0f;
    const float input = dnnrt_activationf(f, dnnrt_clipf(s[i] + pi, p->clip));
    const float forget = p->option ? 1.0f - input : dnnrt_activationf(f, dnnrt_clipf(s[2 * n + i] + pf, p->clip));
    const float cell = dnnrt_activationf(f + 3, dnnrt_clipf(s[3 * n + i], p->clip));
    c[i] = forget * c[i] + input * cell;
    const float po = peephole ? peephole[n + i] * c[i] : 0.0f;
    const float output = dnnrt_activationf(f, dnnrt_clipf(s[n + i] + po, p->clip));
    h[i] = output * dnnrt_activationf(f + 6, c[i]);
  }
}
