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

/*
 * src dst planes h w H W corner sh sw: planes [H, W] that are zero but for dst[corner + y * sh * W + x * sw] = src[y, x]: a frame around
 * images, and between their points where the strides are larger than 1.
 */
void k_frame(const env_t *e, const word *a) {
  const float *src = floats(e, a[0]);
  float *dst = floats(e, a[1]);
  int planes = a[2], h = a[3], w = a[4], size = a[5] * a[6], pitch = a[8] * a[6], corner = a[7], sw = a[9];
  for (int p = 0; p < planes; p++, src += h * w, dst += size) {
    zero(dst, size);
    if (sw == 1) copy_rows(src, w, dst + corner, pitch, h, w);
    else
      for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) dst[corner + y * pitch + x * sw] = src[y * w + x];
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

/*
 * src dst rows columns weights count batch srcStride dstStride: for each of `batch` samples, dst[i] = sum over p in
 * [rows[i], rows[i+1]) of weights[p] src[columns[p]]. Resize with interpolation is such a matrix.
 */
void k_sparse(const env_t *e, const word *a) {
  const float *src = floats(e, a[0]), *weights = floats(e, a[4]);
  float *dst = floats(e, a[1]);
  const int32_t *rows = ints(e, a[2]), *columns = ints(e, a[3]);
  for (int n = 0; n < a[6]; n++, src += a[7], dst += a[8])
    for (int i = 0; i < a[5]; i++) {
      float s = 0;
      for (int p = rows[i]; p < rows[i + 1]; p++) s += weights[p] * src[columns[p]];
      dst[i] = s;
    }
}

/* The adjoint of sparse: grad_dst grad_src rows columns weights count batch srcStride dstStride; adds to grad_src */
void k_sparse_backward(const env_t *e, const word *a) {
  const float *g = floats(e, a[0]), *weights = floats(e, a[4]);
  float *d = floats(e, a[1]);
  const int32_t *rows = ints(e, a[2]), *columns = ints(e, a[3]);
  for (int n = 0; n < a[6]; n++, d += a[7], g += a[8])
    for (int i = 0; i < a[5]; i++)
      for (int p = rows[i]; p < rows[i + 1]; p++) d[columns[p]] += weights[p] * g[i];
}

/* x count factor: x *= factor */
void k_scale(const env_t *e, const word *a) {
  float *x = floats(e, a[0]), factor = as_float(a[2]);
  for (int i = 0; i < a[1]; i++) x[i] *= factor;
}
