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
