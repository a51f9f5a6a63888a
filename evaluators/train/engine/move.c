/* Data movement: strided and indexed copies with their adjoints. */
#include "engine.h"

/* dst count valueBits */
void k_fill(const env_t *e, const word *a) {
  float *d = floats(e, a[0]), v = as_float(a[2]);
  vf vv = splat(v);
  int n = a[1], i = 0;
  for (; i + VW <= n; i += VW) store(d + i, vv);
  for (; i < n; i++) d[i] = v;
}

/*
 * src dst accumulate rank | size stride_src stride_dst per axis (elements). A zero stride repeats the source (Expand) or, with
 * accumulate, sums into the destination (its adjoint).
 */
void k_copy(const env_t *e, const word *a) {
  const float *src = floats(e, a[0]);
  float *dst = floats(e, a[1]);
  int accumulate = a[2], rank = a[3];
  const word *axis = a + 4;
  int32_t index[8] = {0};
  int n = axis[(rank - 1) * 3], ss = axis[(rank - 1) * 3 + 1], ds = axis[(rank - 1) * 3 + 2];
  for (;;) {
    if (accumulate) {
      for (int i = 0; i < n; i++) dst[i * ds] += src[i * ss];
    } else if (ss == 1 && ds == 1) {
      int i = 0;
      for (; i + VW <= n; i += VW) store(dst + i, load(src + i));
      for (; i < n; i++) dst[i] = src[i];
    } else {
      for (int i = 0; i < n; i++) dst[i * ds] = src[i * ss];
    }
    int d = rank - 2;
    for (; d >= 0; d--) {
      src += axis[d * 3 + 1];
      dst += axis[d * 3 + 2];
      if (++index[d] < axis[d * 3]) break;
      src -= axis[d * 3 + 1] * axis[d * 3];
      dst -= axis[d * 3 + 2] * axis[d * 3];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

/* src dst table count: dst[i] = src[table[i]], 0 where the table is negative */
void k_gather(const env_t *e, const word *a) {
  const float *src = floats(e, a[0]);
  float *dst = floats(e, a[1]);
  const int32_t *table = ints(e, a[2]);
  for (int i = 0; i < a[3]; i++) dst[i] = table[i] < 0 ? 0 : src[table[i]];
}

/* grad_dst grad_src table count: the adjoint of gather, added */
void k_scatter(const env_t *e, const word *a) {
  const float *g = floats(e, a[0]);
  float *d = floats(e, a[1]);
  const int32_t *table = ints(e, a[2]);
  for (int i = 0; i < a[3]; i++)
    if (table[i] >= 0) d[table[i]] += g[i];
}

/* x y count alpha: y += alpha x */
void k_axpy(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]);
  float *y = floats(e, a[1]), alpha = as_float(a[3]);
  vf va = splat(alpha);
  int n = a[2], i = 0;
  for (; i + VW <= n; i += VW) store(y + i, load(y + i) + va * load(x + i));
  for (; i < n; i++) y[i] += alpha * x[i];
}

/* x y count: y *= x; a product of zero is +0, so that masked weights hold no sign */
void k_multiply(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]);
  float *y = floats(e, a[1]);
  int n = a[2], i = 0;
  for (; i + VW <= n; i += VW) store(y + i, load(y + i) * load(x + i) + splat(0));
  for (; i < n; i++) y[i] = y[i] * x[i] + 0.0f;
}
