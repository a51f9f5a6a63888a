/* Parameter updates over the whole parameter block. `hyper` is a row of floats that the host changes between steps. */
#include "engine.h"

/*
 * w g v decay count hyper nesterov; hyper = learning rate, momentum, weight decay, gradient factor. PyTorch's SGD:
 * g = factor * g + weightDecay * decay * w, v = momentum * v + g, w -= rate * (nesterov ? g + momentum * v : v).
 * `decay` is 1 where weight decay applies.
 */
void k_momentum_update(const env_t *e, const word *a) {
  float *w = floats(e, a[0]), *g = floats(e, a[1]), *v = floats(e, a[2]), *decay = floats(e, a[3]), *h = floats(e, a[5]);
  vf rate = splat(h[0]), momentum = splat(h[1]), shrink = splat(h[2]), factor = splat(h[3]);
  for (int i = 0; i < a[4]; i += VW) {
    vf x = load(w + i), d = factor * load(g + i) + shrink * load(decay + i) * x, s = momentum * load(v + i) + d;
    store(v + i, s);
    store(w + i, x - rate * (a[6] ? (vf)(d + momentum * s) : s));
  }
}

/*
 * w g m v decay count hyper decoupled; hyper = rate, beta1, beta2, epsilon, weight decay, gradient factor, 1 - beta1^t, 1 - beta2^t.
 * Kingma and Ba, "Adam" (ICLR 2015), algorithm 1; decoupled = AdamW (Loshchilov and Hutter, ICLR 2019).
 */
void k_adam_update(const env_t *e, const word *a) {
  float *w = floats(e, a[0]), *g = floats(e, a[1]), *m = floats(e, a[2]), *v = floats(e, a[3]), *decay = floats(e, a[4]);
  const float *h = floats(e, a[6]);
  float rate = h[0], beta1 = h[1], beta2 = h[2], epsilon = h[3], shrink = h[4], factor = h[5], c1 = h[6], c2 = h[7];
  int decoupled = a[7];
  for (int i = 0; i < a[5]; i++) {
    float d = factor * g[i];
    if (decoupled) w[i] -= rate * shrink * decay[i] * w[i];
    else d += shrink * decay[i] * w[i];
    m[i] = beta1 * m[i] + (1 - beta1) * d;
    v[i] = beta2 * v[i] + (1 - beta2) * d * d;
    w[i] -= rate * (m[i] / c1) / (engine_sqrt(v[i] / c2) + epsilon);
  }
}

/* x count result: the sum of squares */
void k_squared_norm(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]);
  vf s = {0};
  for (int i = 0; i < a[1]; i += VW) s += load(x + i) * load(x + i);
  *floats(e, a[2]) = horizontal_sum(s);
}
