/*
 * Depthwise convolution on zero-padded planes of row pitch `pitch`. A tap is an offset into the flattened plane, so a whole plane is a
 * few long vector additions whatever its width; the columns that wrap around a row's end are not copied out.
 */
#include "engine.h"

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
            int count = sh == 1 ? (oh - 1) * pitch + ow : ow;
            const float *row = x + oy * sh * pitch;
            int i = 0;
            for (; i + VW <= count; i += VW) {
              vf s = splat(b);
              for (int t = 0; t < taps; t++) s += splat(wc[t]) * load(row + i + tap[t]);
              store(scratch + i, s);
            }
            for (; i < count; i++) {
              float s = b;
              for (int t = 0; t < taps; t++) s += wc[t] * row[i + tap[t]];
              scratch[i] = s;
            }
            int rows = sh == 1 ? oh : 1;
            for (int r = 0; r < rows; r++)
              for (int ox = 0; ox < ow; ox++) {
                float s = scratch[r * pitch + ox], *d = y + (oy + r) * ow + ox;
                if (flags & 2) s = s < lo ? lo : s > hi ? hi : s;
                *d = accumulate ? *d + s : s;
              }
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
  for (int i = 0; i < oh * pitch; i++) scratch[i] = 0;
  for (int n = 0; n < batch; n++)
    for (int c = 0; c < channels; c++, x += plane)
      for (int m = 0; m < multiplier; m++, dy += oh * ow) {
        float *g = dw + (c * multiplier + m) * taps;
        if (flat)
          for (int oy = 0; oy < oh; oy++)
            for (int ox = 0; ox < ow; ox++) scratch[oy * pitch + ox] = dy[oy * ow + ox];
        for (int t = 0; t < taps; t++) {
          float s = 0;
          if (flat) {
            const float *q = x + tap[t];
            vf v = {0};
            int i = 0;
            for (; i + VW <= count; i += VW) v += load(scratch + i) * load(q + i);
            s = horizontal_sum(v);
            for (; i < count; i++) s += scratch[i] * q[i];
          } else {
            for (int oy = 0; oy < oh; oy++) {
              const float *q = x + oy * sh * pitch + tap[t], *d = dy + oy * ow;
              for (int ox = 0; ox < ow; ox++) s += d[ox] * q[ox * sw];
            }
          }
          g[t] += s;
        }
      }
}
