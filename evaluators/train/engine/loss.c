/* Softmax and the losses. */
#include "engine.h"

static void softmax_row(const float *x, float *y, int n, int step, int logarithm) {
  float top = x[0], sum = 0;
  for (int i = 1; i < n; i++) top = x[i * step] > top ? x[i * step] : top;
  for (int i = 0; i < n; i++) sum += engine_exp(x[i * step] - top);
  float log_sum = engine_log(sum);
  for (int i = 0; i < n; i++) y[i * step] = logarithm ? x[i * step] - top - log_sum : engine_exp(x[i * step] - top) / sum;
}

/* x y outer n inner log */
void k_softmax(const env_t *e, const word *a) {
  int outer = a[2], n = a[3], inner = a[4];
  for (int o = 0; o < outer; o++)
    for (int i = 0; i < inner; i++) softmax_row(floats(e, a[0]) + o * n * inner + i, floats(e, a[1]) + o * n * inner + i, n, inner, a[5]);
}

/* y dy dx outer n inner log; adds to dx */
void k_softmax_backward(const env_t *e, const word *a) {
  int outer = a[3], n = a[4], inner = a[5], logarithm = a[6];
  for (int o = 0; o < outer; o++)
    for (int i = 0; i < inner; i++) {
      int base = o * n * inner + i;
      const float *y = floats(e, a[0]) + base, *dy = floats(e, a[1]) + base;
      float *dx = floats(e, a[2]) + base, s = 0;
      for (int k = 0; k < n; k++) s += logarithm ? dy[k * inner] : dy[k * inner] * y[k * inner];
      for (int k = 0; k < n; k++) {
        float v = y[k * inner], d = dy[k * inner];
        dx[k * inner] += logarithm ? d - engine_exp(v) * s : v * (d - s);
      }
    }
}

/*
 * x target loss dx rows classes smoothing weight temperature flags(1 = x holds probabilities, 2 = add to loss and dx). The target
 * is a distribution per row: labels enter as one-hot rows. loss += weight/rows * sum -t' log p, t' = (1 - smoothing) t + smoothing/classes;
 * p = softmax(x / temperature) or x itself. dx = the gradient; pass 0 to leave it out.
 */
void k_cross_entropy(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *target = floats(e, a[1]);
  float *loss = floats(e, a[2]), *dx = floats(e, a[3]);
  int rows = a[4], classes = a[5], probabilities = a[9] & 1, add = a[9] & 2;
  float smoothing = as_float(a[6]), weight = as_float(a[7]) / (float)rows, inverse = 1 / as_float(a[8]);
  float total = 0;
  for (int r = 0; r < rows; r++, x += classes, target += classes) {
    float top = x[0], sum = 0;
    for (int i = 1; i < classes; i++) top = x[i] > top ? x[i] : top;
    for (int i = 0; i < classes; i++) sum += engine_exp((x[i] - top) * inverse);
    float log_sum = engine_log(sum), mass = 0;
    for (int i = 0; i < classes; i++) mass += target[i];
    for (int i = 0; i < classes; i++) {
      float t = (1 - smoothing) * target[i] + mass * smoothing / (float)classes, d;
      if (probabilities) {
        float p = x[i] > 1e-12f ? x[i] : 1e-12f;
        total -= weight * t * engine_log(p);
        d = -weight * t / p;
      } else {
        float lp = (x[i] - top) * inverse - log_sum;
        if (t != 0) total -= weight * t * lp;
        d = weight * inverse * (engine_exp(lp) * mass - t);
      }
      if (a[3]) {
        if (add) dx[r * classes + i] += d;
        else dx[r * classes + i] = d;
      }
    }
  }
  *loss = add ? *loss + total : total;
}

/* x target loss dx count weight: weight/count * sum (x - t)^2, the mean over all elements */
void k_squared_error(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *t = floats(e, a[1]);
  float *dx = floats(e, a[3]), scale = as_float(a[5]) / (float)a[4], sum = 0;
  for (int i = 0; i < a[4]; i++) {
    float d = x[i] - t[i];
    sum += d * d;
    dx[i] = 2 * scale * d;
  }
  *floats(e, a[2]) = scale * sum;
}

/* x target loss dx count weight: mean binary cross-entropy of sigmoid(x), in the form that does not overflow */
void k_binary_cross_entropy(const env_t *e, const word *a) {
  const float *x = floats(e, a[0]), *t = floats(e, a[1]);
  float *dx = floats(e, a[3]), scale = as_float(a[5]) / (float)a[4], sum = 0;
  for (int i = 0; i < a[4]; i++) {
    float m = x[i] < 0 ? -x[i] : x[i];
    sum += (x[i] > 0 ? x[i] : 0) - x[i] * t[i] + engine_log(1 + engine_exp(-m));
    dx[i] = scale * (engine_sigmoid(x[i]) - t[i]);
  }
  *floats(e, a[2]) = scale * sum;
}
