/* Sums and other reductions over the middle axis of [outer, n, inner]. */
#include "engine.h"

enum reduction { SUM, MEAN, MAX, MIN, L1, L2, SUM_SQUARE, LOG_SUM_EXP };

static float sum_row(const float *x, int n) {
  vf s = {0};
  int i = 0;
  for (; i + VW <= n; i += VW) s += load(x + i);
  float t = horizontal_sum(s);
  for (; i < n; i++) t += x[i];
  return t;
}

/* x y outer channels inner accumulate: y[c] = sum over outer and inner of x[outer, c, inner] */
void k_channel_sum(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]);
  float *y = floats(e, a[1]);
  int outer = a[2], channels = a[3], inner = a[4];
  if (!a[5])
    for (int c = 0; c < channels; c++) y[c] = 0;
  for (int o = 0; o < outer; o++)
    for (int c = 0; c < channels; c++, x += inner) y[c] += inner == 1 ? *x : sum_row(x, inner);
}

/* fn x y outer n inner */
void k_reduce(const env_t *e, const word *a) {
  int fn = a[0], outer = a[3], n = a[4], inner = a[5];
  const float *x = floats(e, a[1]);
  float *y = floats(e, a[2]);
  for (int o = 0; o < outer; o++)
    for (int i = 0; i < inner; i++) {
      const float *q = x + (o * n) * inner + i;
      float s = fn == MAX || fn == MIN || fn == LOG_SUM_EXP ? q[0] : 0, t = 0;
      for (int k = 0; k < n; k++) {
        float v = q[k * inner];
        switch (fn) {
          case MAX:
          case LOG_SUM_EXP: s = v > s ? v : s; break;
          case MIN: s = v < s ? v : s; break;
          case L1: s += v < 0 ? -v : v; break;
          case L2:
          case SUM_SQUARE: s += v * v; break;
          default: s += v;
        }
      }
      if (fn == MEAN) s /= (float)n;
      if (fn == L2) s = engine_sqrt(s);
      if (fn == LOG_SUM_EXP) {
        for (int k = 0; k < n; k++) t += engine_exp(q[k * inner] - s);
        s += engine_log(t);
      }
      y[o * inner + i] = s;
    }
}

/* fn x y dy dx outer n inner; adds to dx; equal extremes: the first takes the gradient */
void k_reduce_backward(const env_t *e, const word *a) {
  int fn = a[0], outer = a[5], n = a[6], inner = a[7];
  const float *x = floats(e, a[1]), *y = floats(e, a[2]), *dy = floats(e, a[3]);
  float *dx = floats(e, a[4]);
  for (int o = 0; o < outer; o++)
    for (int i = 0; i < inner; i++) {
      int base = o * n * inner + i;
      float r = y[o * inner + i], g = dy[o * inner + i];
      for (int k = 0; k < n; k++) {
        float v = x[base + k * inner], d = g;
        switch (fn) {
          case MEAN: d = g / (float)n; break;
          case MAX:
          case MIN: d = v == r ? g : 0; break;
          case L1: d = v < 0 ? -g : v > 0 ? g : 0; break;
          case L2: d = r > 0 ? g * v / r : 0; break;
          case SUM_SQUARE: d = 2 * v * g; break;
          case LOG_SUM_EXP: d = g * engine_exp(v - r); break;
        }
        dx[base + k * inner] += d;
        if ((fn == MAX || fn == MIN) && v == r) break;
      }
    }
}
