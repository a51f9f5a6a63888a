/*
 * Depthwise convolution on zero-padded planes of row pitch `pitch`. A tap is an offset into the flattened plane, so a whole plane is a
 * few long vector additions whatever its width; the columns that wrap around a row's end are not copied out.
 */
#include "engine.h"

/* Vectors whose sums are made side by side: one alone waits for itself. */
#define ABREAST 4

/* y[i] = b + sum_t w[t] x[i + tap[t]] for i < count, rounded up to whole vectors: reads and writes up to VW - 1 floats beyond. */
static void filter(const float *x, const float *w, float b, const int32_t *tap, int taps, int count, float *y) {
  int i = 0;
  for (; i + (ABREAST - 1) * VW < count; i += ABREAST * VW) {
    vf s[ABREAST];
    for (int v = 0; v < ABREAST; v++) s[v] = splat(b);
    for (int t = 0; t < taps; t++) {
      const float *q = x + i + tap[t];
      vf k = splat(w[t]);
      for (int v = 0; v < ABREAST; v++) s[v] += k * load(q + v * VW);
    }
    for (int v = 0; v < ABREAST; v++) store(y + i + v * VW, s[v]);
  }
  for (; i < count; i += VW) {
    vf s = splat(b);
    for (int t = 0; t < taps; t++) s += splat(w[t]) * load(x + i + tap[t]);
    store(y + i, s);
  }
}

/*
 * x w bias y batch channels multiplier xPlane pitch taps tapTable oh ow sh sw flags lo hi scratch accumulate. flags:
 * 1 bias, 2 clamp. y[n, c*multiplier + m, oy, ox] = sum_t w[c*multiplier + m, t] x[n, c, oy*sh*pitch + ox*sw + tap[t]].
 */
void k_depthwise(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *w = floats(e, a[1]), *bias = floats(e, a[2]);
  float *y = floats(e, a[3]), lo = as_float(a[16]), hi = as_float(a[17]), *scratch = floats(e, a[18]);
  int batch = a[4], channels = a[5], multiplier = a[6], plane = a[7], pitch = a[8], taps = a[9];
  const int32_t *tap = ints(e, a[10]);
  int oh = a[11], ow = a[12], sh = a[13], sw = a[14], flags = a[15], accumulate = a[19];
  for (int n = 0; n < batch; n++)
    for (int c = 0; c < channels; c++, x += plane)
      for (int m = 0; m < multiplier; m++, y += oh * ow) {
        const float *wc = w + (c * multiplier + m) * taps;
        float b = flags & 1 ? bias[c * multiplier + m] : 0;
        if (sw == 1) {
          for (int oy = 0; oy < oh; oy += sh == 1 ? oh : 1) {
            int rows = sh == 1 ? oh : 1, count = (rows - 1) * pitch + ow;
            filter(x + oy * sh * pitch, wc, b, tap, taps, count, scratch);
            if (flags & 2)
              for (int i = 0; i < count; i += VW) store(scratch + i, vmin(vmax(load(scratch + i), splat(lo)), splat(hi)));
            if (!accumulate) copy_rows(scratch, pitch, y + oy * ow, ow, rows, ow);
            else
              for (int r = 0; r < rows; r++)
                for (int ox = 0; ox < ow; ox++) y[(oy + r) * ow + ox] += scratch[r * pitch + ox];
          }
        } else {
          for (int oy = 0; oy < oh; oy++)
            for (int ox = 0; ox < ow; ox++) {
              const float *q = x + oy * sh * pitch + ox * sw;
              float s = b, *d = y + oy * ow + ox;
              for (int t = 0; t < taps; t++) s += wc[t] * q[tap[t]];
              if (flags & 2) s = s < lo ? lo : s > hi ? hi : s;
              *d = accumulate ? *d + s : s;
            }
        }
      }
}

/* g[t] += sum_i d[i] x[i + tap[t]] for i < count. */
static void correlate(const float *d, const float *x, const int32_t *tap, int taps, int count, float *g) {
  int whole = count / VW * VW;
  vi mask = first_lanes(count - whole);
  for (int t = 0; t < taps; t += ABREAST) {
    const float *q[ABREAST];
    vf s[ABREAST] = {{0}};
    for (int v = 0; v < ABREAST; v++) q[v] = x + tap[t + v < taps ? t + v : t];
    for (int i = 0; i < whole; i += VW)
      for (int v = 0; v < ABREAST; v++) s[v] += load(d + i) * load(q[v] + i);
    if (whole < count)
      for (int v = 0; v < ABREAST; v++) s[v] += (vf)((vi)(load(d + whole) * load(q[v] + whole)) & mask);
    for (int v = 0; v < ABREAST && t + v < taps; v++) g[t + v] += horizontal_sum(s[v]);
  }
}

/*
 * x dy dw batch channels multiplier xPlane pitch taps tapTable oh ow sh sw scratch; adds to dw. At stride 1 the errors are laid out with
 * the plane's pitch, zeros in the gaps, so that a tap is one long dot product.
 */
void k_depthwise_weights(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *dy = floats(e, a[1]);
  float *dw = floats(e, a[2]), *scratch = floats(e, a[14]);
  int batch = a[3], channels = a[4], multiplier = a[5], plane = a[6], pitch = a[7], taps = a[8];
  const int32_t *tap = ints(e, a[9]);
  int oh = a[10], ow = a[11], sh = a[12], sw = a[13], count = (oh - 1) * pitch + ow, flat = sh == 1 && sw == 1;
  zero(scratch, oh * pitch);
  for (int n = 0; n < batch; n++)
    for (int c = 0; c < channels; c++, x += plane)
      for (int m = 0; m < multiplier; m++, dy += oh * ow) {
        float *g = dw + (c * multiplier + m) * taps;
        if (flat) {
          copy_rows(dy, ow, scratch, pitch, oh, ow);
          correlate(scratch, x, tap, taps, count, g);
          continue;
        }
        for (int t = 0; t < taps; t++) {
          float s = 0;
          for (int oy = 0; oy < oh; oy++) {
            const float *q = x + oy * sh * pitch + tap[t], *d = dy + oy * ow;
            for (int ox = 0; ox < ow; ox++) s += d[ox] * q[ox * sw];
          }
          g[t] += s;
        }
      }
}
