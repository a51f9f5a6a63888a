/*
 * The element-wise part of one time step of LSTM and GRU (ONNX operator definitions, default activations). Gate rows are [batch, gates *
 * hidden] in ONNX order; the matrix products around them are gemm steps.
 */
#include "engine.h"

/*
 * gates cPrevious c h batch hidden: gates i, o, f, c' (pre-activations with biases) are replaced by their activations;
 * c = f cPrevious + i c', h = o tanh(c).
 */
void k_lstm_cell(const env_t *e, const word *a) {
  float *gates = floats(e, a[0]), *c = floats(e, a[2]), *h = floats(e, a[3]);
  const float *previous = floats(e, a[1]);
  int n = a[5];
  for (int b = 0; b < a[4]; b++, gates += 4 * n, previous += n, c += n, h += n)
    for (int k = 0; k < n; k++) {
      float i = engine_sigmoid(gates[k]), o = engine_sigmoid(gates[n + k]), f = engine_sigmoid(gates[2 * n + k]);
      float g = engine_tanh(gates[3 * n + k]);
      gates[k] = i;
      gates[n + k] = o;
      gates[2 * n + k] = f;
      gates[3 * n + k] = g;
      c[k] = f * previous[k] + i * g;
      h[k] = o * engine_tanh(c[k]);
    }
}

/* gates cPrevious c dh dc dgates batch hidden: dc is replaced by the gradient of cPrevious */
void k_lstm_cell_backward(const env_t *e, const word *a) {
  const float *gates = floats(e, a[0]), *previous = floats(e, a[1]), *c = floats(e, a[2]), *dh = floats(e, a[3]);
  float *dc = floats(e, a[4]), *dgates = floats(e, a[5]);
  int n = a[7];
  for (int b = 0; b < a[6]; b++, gates += 4 * n, previous += n, c += n, dh += n, dc += n, dgates += 4 * n)
    for (int k = 0; k < n; k++) {
      float i = gates[k], o = gates[n + k], f = gates[2 * n + k], g = gates[3 * n + k], t = engine_tanh(c[k]);
      float d = dc[k] + dh[k] * o * (1 - t * t);
      dgates[k] = d * g * i * (1 - i);
      dgates[n + k] = dh[k] * t * o * (1 - o);
      dgates[2 * n + k] = d * previous[k] * f * (1 - f);
      dgates[3 * n + k] = d * i * (1 - g * g);
      dc[k] = d * f;
    }
}

/*
 * x r hPrevious h batch hidden: x = input part of gates z, r, h (with the input biases, and the recurrent ones of z and r), r = recurrent
 * part of z, r, h (that of h with its bias). x's first two gates become z and r, its third the new state n = tanh(x + reset * r);
 * h = (1 - z) n + z hPrevious. This is linear_before_reset = 1.
 */
void k_gru_cell(const env_t *e, const word *a) {
  float *x = floats(e, a[0]), *h = floats(e, a[3]);
  const float *r = floats(e, a[1]), *previous = floats(e, a[2]);
  int n = a[5];
  for (int b = 0; b < a[4]; b++, x += 3 * n, r += 3 * n, previous += n, h += n)
    for (int k = 0; k < n; k++) {
      float z = engine_sigmoid(x[k] + r[k]), reset = engine_sigmoid(x[n + k] + r[n + k]);
      float m = engine_tanh(x[2 * n + k] + reset * r[2 * n + k]);
      x[k] = z;
      x[n + k] = reset;
      x[2 * n + k] = m;
      h[k] = (1 - z) * m + z * previous[k];
    }
}

/* x r hPrevious dh dx dr batch hidden: dh is replaced by the direct part of the gradient of hPrevious */
void k_gru_cell_backward(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *r = floats(e, a[1]), *previous = floats(e, a[2]);
  float *dh = floats(e, a[3]), *dx = floats(e, a[4]), *dr = floats(e, a[5]);
  int n = a[7];
  for (int b = 0; b < a[6]; b++, x += 3 * n, r += 3 * n, previous += n, dh += n, dx += 3 * n, dr += 3 * n)
    for (int k = 0; k < n; k++) {
      float z = x[k], reset = x[n + k], m = x[2 * n + k], d = dh[k];
      float dm = d * (1 - z) * (1 - m * m), dz = d * (previous[k] - m) * z * (1 - z);
      float dreset = dm * r[2 * n + k] * reset * (1 - reset);
      dx[k] = dr[k] = dz;
      dx[n + k] = dr[n + k] = dreset;
      dx[2 * n + k] = dm;
      dr[2 * n + k] = dm * reset;
      dh[k] = d * z;
    }
}

/*
 * GRU with linear_before_reset = 0, in two parts around the product (reset * hPrevious) · R. First: x hPrevious scaled batch hidden:
 * x's gates z and r (complete pre-activations) become activations, scaled = r * hPrevious. The third gate is left alone.
 */
void k_gru_reset(const env_t *e, const word *a) {
  float *x = floats(e, a[0]), *scaled = floats(e, a[2]);
  const float *previous = floats(e, a[1]);
  int n = a[4];
  for (int b = 0; b < a[3]; b++, x += 3 * n, previous += n, scaled += n)
    for (int k = 0; k < n; k++) {
      x[k] = engine_sigmoid(x[k]);
      x[n + k] = engine_sigmoid(x[n + k]);
      scaled[k] = x[n + k] * previous[k];
    }
}

/* x hPrevious h batch hidden: the third gate's pre-activation becomes n = tanh; h = (1 - z) n + z hPrevious */
void k_gru_blend(const env_t *e, const word *a) {
  float *x = floats(e, a[0]), *h = floats(e, a[2]);
  const float *previous = floats(e, a[1]);
  int n = a[4];
  for (int b = 0; b < a[3]; b++, x += 3 * n, previous += n, h += n)
    for (int k = 0; k < n; k++) {
      float m = engine_tanh(x[2 * n + k]);
      x[2 * n + k] = m;
      h[k] = (1 - x[k]) * m + x[k] * previous[k];
    }
}

/* x hPrevious dh dx batch hidden: gradients of gates z and n; dh is replaced by the direct part for hPrevious */
void k_gru_blend_backward(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *previous = floats(e, a[1]);
  float *dh = floats(e, a[2]), *dx = floats(e, a[3]);
  int n = a[5];
  for (int b = 0; b < a[4]; b++, x += 3 * n, previous += n, dh += n, dx += 3 * n)
    for (int k = 0; k < n; k++) {
      float z = x[k], m = x[2 * n + k], d = dh[k];
      dx[k] = d * (previous[k] - m) * z * (1 - z);
      dx[2 * n + k] = d * (1 - z) * (1 - m * m);
      dh[k] = d * z;
    }
}

/* x hPrevious dscaled dh dx batch hidden: the reset gate's gradient and its share for hPrevious, added to dh */
void k_gru_reset_backward(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *previous = floats(e, a[1]), *dscaled = floats(e, a[2]);
  float *dh = floats(e, a[3]), *dx = floats(e, a[4]);
  int n = a[6];
  for (int b = 0; b < a[5]; b++, x += 3 * n, previous += n, dscaled += n, dh += n, dx += 3 * n)
    for (int k = 0; k < n; k++) {
      float reset = x[n + k];
      dx[n + k] = dscaled[k] * previous[k] * reset * (1 - reset);
      dh[k] += dscaled[k] * reset;
    }
}
