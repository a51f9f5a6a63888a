/*
 * Normalisation y = (x - mean) * inverse * scale + bias. Statistics belong to group g of [outer, groups, inner]: BatchNorm has
 * groups = channels and sums over outer and inner; LayerNorm, InstanceNorm and GroupNorm have outer = 1 and one group per sample.
 * Scale and bias of element i of group g have index (g * inner + i) / repeat mod parameters.
 */
#include "engine.h"

/* x mean inverse outer groups inner epsilon runningMean runningVariance momentum(bits; 0 = no running statistics) */
void k_batch_statistics(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]);
  float *mean = floats(e, a[1]), *inverse = floats(e, a[2]), epsilon = as_float(a[6]), momentum = as_float(a[9]);
  int outer = a[3], groups = a[4], inner = a[5];
  float count = (float)(outer * inner);
  for (int g = 0; g < groups; g++) {
    float s = 0, q = 0;
    for (int o = 0; o < outer; o++) {
      const float *p = x + (o * groups + g) * inner;
      vf v = {0};
      int i = 0;
      for (; i + VW <= inner; i += VW) v += load(p + i);
      s += horizontal_sum(v);
      for (; i < inner; i++) s += p[i];
    }
    float m = s / count;
    vf vm = splat(m);
    for (int o = 0; o < outer; o++) {
      const float *p = x + (o * groups + g) * inner;
      vf v = {0};
      int i = 0;
      for (; i + VW <= inner; i += VW) {
        vf d = load(p + i) - vm;
        v += d * d;
      }
      q += horizontal_sum(v);
      for (; i < inner; i++) q += (p[i] - m) * (p[i] - m);
    }
    float variance = q / count;
    mean[g] = m;
    inverse[g] = 1 / engine_sqrt(variance + epsilon);
    if (momentum > 0) {
      float *rm = floats(e, a[7]) + g, *rv = floats(e, a[8]) + g;
      *rm += momentum * (m - *rm);
      /* The running variance is the unbiased one, as in PyTorch. */
      *rv += momentum * ((count > 1 ? q / (count - 1) : variance) - *rv);
    }
  }
}

/* x y mean inverse|variance scale bias outer groups inner repeat parameters epsilon(bits; > 0: the second statistic is a variance) */
void k_normalize(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *mean = floats(e, a[2]), *inverse = floats(e, a[3]);
  const float *scale = floats(e, a[4]), *bias = floats(e, a[5]);
  float *y = floats(e, a[1]), epsilon = as_float(a[11]);
  int outer = a[6], groups = a[7], inner = a[8], repeat = a[9], parameters = a[10];
  for (int o = 0; o < outer; o++)
    for (int g = 0; g < groups; g++, x += inner, y += inner) {
      float m = mean[g], r = epsilon > 0 ? 1 / engine_sqrt(inverse[g] + epsilon) : inverse[g];
      if (repeat == inner) {
        int c = g % parameters;
        float k = r * scale[c], b = bias[c] - m * k;
        vf vk = splat(k), vb = splat(b);
        int i = 0;
        for (; i + VW <= inner; i += VW) store(y + i, load(x + i) * vk + vb);
        for (; i < inner; i++) y[i] = x[i] * k + b;
      } else {
        for (int i = 0; i < inner; i++) {
          int c = (int)(((int64_t)g * inner + i) / repeat % parameters);
          y[i] = (x[i] - m) * r * scale[c] + bias[c];
        }
      }
    }
}

/*
 * x dy dx mean inverse|variance scale dscale dbias outer groups inner repeat parameters epsilon frozen accumulate.
 * With h = (x - mean) * inverse and u = dy * scale: dx = inverse * (u - avg(u) - h * avg(u h)), or inverse * u when the statistics
 * are frozen. dscale and dbias are added to. dx may be 0: not wanted.
 */
void k_normalize_backward(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *dy = floats(e, a[1]), *mean = floats(e, a[3]), *inverse = floats(e, a[4]);
  const float *scale = floats(e, a[5]);
  float *dx = floats(e, a[2]), *dscale = floats(e, a[6]), *dbias = floats(e, a[7]), epsilon = as_float(a[13]);
  int outer = a[8], groups = a[9], inner = a[10], repeat = a[11], parameters = a[12], frozen = a[14], accumulate = a[15];
  float count = (float)(outer * inner);
  for (int g = 0; g < groups; g++) {
    float m = mean[g], r = epsilon > 0 ? 1 / engine_sqrt(inverse[g] + epsilon) : inverse[g];
    float su = 0, suh = 0;
    for (int o = 0; o < outer; o++) {
      int base = (o * groups + g) * inner;
      if (repeat == inner) {
        int c = g % parameters;
        vf s = {0}, sh = {0}, vm = splat(m), vr = splat(r);
        float t = 0, th = 0;
        int i = 0;
        for (; i + VW <= inner; i += VW) {
          vf d = load(dy + base + i);
          s += d;
          sh += d * ((load(x + base + i) - vm) * vr);
        }
        t = horizontal_sum(s);
        th = horizontal_sum(sh);
        for (; i < inner; i++) {
          t += dy[base + i];
          th += dy[base + i] * ((x[base + i] - m) * r);
        }
        dbias[c] += t;
        dscale[c] += th;
        su += t * scale[c];
        suh += th * scale[c];
      } else {
        for (int i = 0; i < inner; i++) {
          int c = (int)(((int64_t)g * inner + i) / repeat % parameters);
          float h = (x[base + i] - m) * r, d = dy[base + i];
          dbias[c] += d;
          dscale[c] += d * h;
          su += d * scale[c];
          suh += d * scale[c] * h;
        }
      }
    }
    if (!a[2]) continue;
    float mu = frozen ? 0 : su / count, muh = frozen ? 0 : suh / count;
    for (int o = 0; o < outer; o++) {
      int base = (o * groups + g) * inner, i = 0;
      if (repeat == inner) {
        /* dx = k dy + slope x + shift */
        float k = r * scale[g % parameters], slope = -r * r * muh, shift = -r * mu - slope * m;
        vf vk = splat(k), vs = splat(slope), vt = splat(shift);
        for (; i + VW <= inner; i += VW) {
          vf d = load(dy + base + i) * vk + load(x + base + i) * vs + vt;
          store(dx + base + i, accumulate ? (vf)(load(dx + base + i) + d) : d);
        }
      }
      for (; i < inner; i++) {
        int c = repeat == inner ? g % parameters : (int)(((int64_t)g * inner + i) / repeat % parameters);
        float h = (x[base + i] - m) * r;
        float d = r * (dy[base + i] * scale[c] - mu - h * muh);
        if (accumulate) dx[base + i] += d;
        else dx[base + i] = d;
      }
    }
  }
}
