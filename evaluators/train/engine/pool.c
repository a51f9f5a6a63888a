/* Pooling on planes [planes, h, w] -> [planes, oh, ow]; 1-D pooling has h = 1. */
#include "engine.h"

typedef struct {
  int planes, h, w, oh, ow, kh, kw, sh, sw, dh, dw, top, left, include_pad, ceil_bottom, ceil_right;
} geometry;

static geometry read_geometry(const word *a) {
  geometry g = {a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]};
  return g;
}

/* The common 2x2 window with stride 2 and no padding, without branches in the inner loop. */
static void max_pool_2x2(const geometry *g, const float *x, float *y, int32_t *winners) {
  for (int p = 0; p < g->planes; p++, x += g->h * g->w)
    for (int oy = 0; oy < g->oh; oy++) {
      int row = 2 * oy * g->w;
      for (int ox = 0; ox < g->ow; ox++) {
        int at = row + 2 * ox, other = at + g->w;
        float a = x[at], b = x[at + 1], c = x[other], d = x[other + 1];
        int top = b > a ? at + 1 : at, bottom = d > c ? other + 1 : other;
        float first = b > a ? b : a, second = d > c ? d : c;
        *y++ = second > first ? second : first;
        *winners++ = second > first ? bottom : top;
      }
    }
}

/* x y winners geometry; winners[i] = index of the largest within its plane (the first of equals) */
void k_max_pool(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]);
  float *y = floats(e, a[1]);
  int32_t *winners = ints(e, a[2]);
  geometry g = read_geometry(a + 3);
  if (g.kh == 2 && g.kw == 2 && g.sh == 2 && g.sw == 2 && g.dh == 1 && g.dw == 1 && !g.top && !g.left && 2 * g.oh <= g.h && 2 * g.ow <= g.w) {
    max_pool_2x2(&g, x, y, winners);
    return;
  }
  for (int p = 0; p < g.planes; p++, x += g.h * g.w)
    for (int oy = 0; oy < g.oh; oy++)
      for (int ox = 0; ox < g.ow; ox++) {
        float best = -__builtin_inff();
        int at = -1;
        for (int ky = 0; ky < g.kh; ky++) {
          int iy = oy * g.sh + ky * g.dh - g.top;
          if (iy < 0 || iy >= g.h) continue;
          for (int kx = 0; kx < g.kw; kx++) {
            int ix = ox * g.sw + kx * g.dw - g.left;
            if (ix < 0 || ix >= g.w) continue;
            float v = x[iy * g.w + ix];
            if (v > best || at < 0) {
              best = v;
              at = iy * g.w + ix;
            }
          }
        }
        *y++ = best;
        *winners++ = at;
      }
}

/* dy dx winners planes inputPlane outputPlane accumulate */
void k_max_pool_backward(const env_t *e, const word *a) {
  const float *dy = floats(e, a[0]);
  float *dx = floats(e, a[1]);
  const int32_t *winners = ints(e, a[2]);
  int in = a[4], out = a[5], accumulate = a[6];
  for (int p = 0; p < a[3]; p++, dx += in, dy += out, winners += out) {
    if (!accumulate) zero(dx, in);
    for (int i = 0; i < out; i++)
      if (winners[i] >= 0) dx[winners[i]] += dy[i];
  }
}

/* Number of positions that the average divides by (ONNX AveragePool, count_include_pad). */
static float divisor(const geometry *g, int oy, int ox) {
  int ny = 0, nx = 0;
  for (int k = 0; k < g->kh; k++) {
    int y = oy * g->sh + k * g->dh - g->top;
    ny += g->include_pad ? y < g->h + g->ceil_bottom : y >= 0 && y < g->h;
  }
  for (int k = 0; k < g->kw; k++) {
    int x = ox * g->sw + k * g->dw - g->left;
    nx += g->include_pad ? x < g->w + g->ceil_right : x >= 0 && x < g->w;
  }
  return (float)(ny * nx);
}

static void average(const geometry *g, const float *x, float *y, float *dx, const float *dy) {
  for (int p = 0; p < g->planes; p++) {
    int plane = p * g->h * g->w;
    for (int oy = 0; oy < g->oh; oy++)
      for (int ox = 0; ox < g->ow; ox++) {
        int at = (p * g->oh + oy) * g->ow + ox;
        float share = 1 / divisor(g, oy, ox), sum = 0;
        for (int ky = 0; ky < g->kh; ky++) {
          int iy = oy * g->sh + ky * g->dh - g->top;
          if (iy < 0 || iy >= g->h) continue;
          for (int kx = 0; kx < g->kw; kx++) {
            int ix = ox * g->sw + kx * g->dw - g->left;
            if (ix < 0 || ix >= g->w) continue;
            if (dx) dx[plane + iy * g->w + ix] += dy[at] * share;
            else sum += x[plane + iy * g->w + ix];
          }
        }
        if (y) y[at] = sum * share;
      }
  }
}

/* x y geometry */
void k_average_pool(const env_t *e, const word *a) {
  geometry g = read_geometry(a + 2);
  average(&g, floats(e, a[0]), floats(e, a[1]), 0, 0);
}

/* dy dx geometry; adds to dx */
void k_average_pool_backward(const env_t *e, const word *a) {
  geometry g = read_geometry(a + 2);
  average(&g, 0, 0, floats(e, a[1]), floats(e, a[0]));
}
