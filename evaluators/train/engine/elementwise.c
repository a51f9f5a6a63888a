/* Element-wise functions and their derivatives; the numbers of the functions are those of ../functions.ts. */
#include "engine.h"

enum unary {
  ABS, CELU, ELU, ERF, EXP, GELU, GELU_TANH, HARD_SIGMOID, HARD_SWISH, LEAKY_RELU, LOG, MISH, NEG, RECIPROCAL, RELU, SELU, SIGMOID,
  SOFTPLUS, SOFTSIGN, SQRT, TANH, CLAMP, SQUARE, SIN, COS, THRESHOLDED_RELU
};

static float sine(float x) {
  /* Reduced to [-pi/2, pi/2] around a multiple of pi, then an odd polynomial. */
  float q = x * 0.318309886f;
  int n = (int)(q + (q < 0 ? -0.5f : 0.5f));
  float r = ((x - (float)n * 3.140625f) - (float)n * 9.67502594e-4f) - (float)n * 1.50995799e-7f, z = r * r;
  float s = r * (1 + z * (-0.166666667f + z * (0.00833333310f + z * (-1.98408743e-4f + z * 2.75256e-6f))));
  return n & 1 ? -s : s;
}

static float cosine(float x) { return sine(x + 1.57079633f); }

static float softplus(float x) { return x > 20 ? x : x < -20 ? engine_exp(x) : engine_log(1 + engine_exp(x)); }

static float value(int fn, float x, float p, float q) {
  switch (fn) {
    case ABS: return x < 0 ? -x : x;
    case CELU: return x > 0 ? x : p * (engine_exp(x / p) - 1);
    case ELU: return x > 0 ? x : p * (engine_exp(x) - 1);
    case ERF: return engine_erf(x);
    case EXP: return engine_exp(x);
    case GELU: return 0.5f * x * (1 + engine_erf(x * 0.707106781f));
    case GELU_TANH: return 0.5f * x * (1 + engine_tanh(0.797884561f * (x + 0.044715f * x * x * x)));
    case HARD_SIGMOID: {
      float y = p * x + q;
      return y < 0 ? 0 : y > 1 ? 1 : y;
    }
    case HARD_SWISH: {
      float y = x / 6 + 0.5f;
      return x * (y < 0 ? 0 : y > 1 ? 1 : y);
    }
    case LEAKY_RELU: return x < 0 ? p * x : x;
    case LOG: return engine_log(x);
    case MISH: return x * engine_tanh(softplus(x));
    case NEG: return -x;
    case RECIPROCAL: return 1 / x;
    case RELU: return x > 0 ? x : 0;
    case SELU: return x > 0 ? q * x : q * (p * engine_exp(x) - p);
    case SIGMOID: return engine_sigmoid(x);
    case SOFTPLUS: return softplus(x);
    case SOFTSIGN: return x / (1 + (x < 0 ? -x : x));
    case SQRT: return engine_sqrt(x);
    case TANH: return engine_tanh(x);
    case CLAMP: return x < p ? p : x > q ? q : x;
    case SQUARE: return x * x;
    case SIN: return sine(x);
    case COS: return cosine(x);
    case THRESHOLDED_RELU: return x > p ? x : 0;
  }
  return x;
}

static float slope(int fn, float x, float y, float p, float q) {
  switch (fn) {
    case ABS: return x < 0 ? -1 : x > 0 ? 1 : 0;
    case CELU: return x > 0 ? 1 : engine_exp(x / p);
    case ELU: return x > 0 ? 1 : y + p;
    case ERF: return 1.12837917f * engine_exp(-x * x);
    case EXP: return y;
    case GELU: return 0.5f * (1 + engine_erf(x * 0.707106781f)) + x * 0.398942280f * engine_exp(-0.5f * x * x);
    case GELU_TANH: {
      float t = engine_tanh(0.797884561f * (x + 0.044715f * x * x * x));
      return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * 0.797884561f * (1 + 0.134145f * x * x);
    }
    case HARD_SIGMOID: return y > 0 && y < 1 ? p : 0;
    case HARD_SWISH: return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5f;
    case LEAKY_RELU: return x < 0 ? p : 1;
    case LOG: return 1 / x;
    case MISH: {
      float t = engine_tanh(softplus(x));
      return t + x * (1 - t * t) * engine_sigmoid(x);
    }
    case NEG: return -1;
    case RECIPROCAL: return -y * y;
    case RELU: return x > 0;
    case SELU: return x > 0 ? q : y + q * p;
    case SIGMOID: return y * (1 - y);
    case SOFTPLUS: return engine_sigmoid(x);
    case SOFTSIGN: {
      float d = 1 + (x < 0 ? -x : x);
      return 1 / (d * d);
    }
    case SQRT: return 0.5f / y;
    case TANH: return 1 - y * y;
    case CLAMP: return x > p && x < q;
    case SQUARE: return 2 * x;
    case SIN: return cosine(x);
    case COS: return -sine(x);
    case THRESHOLDED_RELU: return x > p;
  }
  return 1;
}

/* fn x y count p q */
void k_unary(const env_t *e, const word *a) {
  const float *x = floats(e, a[1]);
  float *y = floats(e, a[2]), p = as_float(a[4]), q = as_float(a[5]);
  int fn = a[0], n = a[3], i = 0;
  if (fn == RELU || fn == CLAMP) {
    vf lo = splat(fn == RELU ? 0 : p), hi = splat(fn == RELU ? __builtin_inff() : q);
    for (; i + VW <= n; i += VW) store(y + i, vmin(vmax(load(x + i), lo), hi));
  }
  for (; i < n; i++) y[i] = value(fn, x[i], p, q);
}

/* fn x y dy dx count p q accumulate */
void k_unary_backward(const env_t *e, const word *a) {
  const float *x = floats(e, a[1]), *y = floats(e, a[2]), *dy = floats(e, a[3]);
  float *dx = floats(e, a[4]), p = as_float(a[6]), q = as_float(a[7]);
  int fn = a[0], n = a[5];
  if (fn == RELU || fn == CLAMP) {
    vf lo = splat(fn == RELU ? 0 : p), hi = splat(fn == RELU ? __builtin_inff() : q);
    int i = 0;
    for (; i + VW <= n; i += VW) {
      vf v = load(x + i), d = (vf)((vi)load(dy + i) & (v > lo) & (v < hi));
      store(dx + i, a[8] ? (vf)(load(dx + i) + d) : d);
    }
    for (; i < n; i++) dx[i] = (a[8] ? dx[i] : 0) + dy[i] * slope(fn, x[i], y[i], p, q);
    return;
  }
  if (a[8])
    for (int i = 0; i < n; i++) dx[i] += dy[i] * slope(fn, x[i], y[i], p, q);
  else
    for (int i = 0; i < n; i++) dx[i] = dy[i] * slope(fn, x[i], y[i], p, q);
}

/* y dy count lo hi: dy = 0 where the result was clamped */
void k_clamp_backward(const env_t *e, const word *a) {
  const float *y = floats(e, a[0]);
  float *dy = floats(e, a[1]), lo = as_float(a[3]), hi = as_float(a[4]);
  vf vlo = splat(lo), vhi = splat(hi);
  int n = a[2], i = 0;
  for (; i + VW <= n; i += VW) {
    vf v = load(y + i);
    store(dy + i, (vf)((vi)load(dy + i) & (v > vlo) & (v < vhi)));
  }
  for (; i < n; i++)
    if (!(y[i] > lo && y[i] < hi)) dy[i] = 0;
}

enum binary { ADD, SUB, MUL, DIV, MAX, MIN, POW, PRELU };

static inline float combine(int fn, float a, float b) {
  switch (fn) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case MAX: return a > b ? a : b;
    case MIN: return a < b ? a : b;
    case POW: return b == 2 ? a * a : b == 0.5f ? engine_sqrt(a) : engine_exp(b * engine_log(a));
    case PRELU: return a < 0 ? a * b : a;
  }
  return 0;
}

static inline float slope_a(int fn, float a, float b) {
  switch (fn) {
    case ADD: return 1;
    case SUB: return 1;
    case MUL: return b;
    case DIV: return 1 / b;
    case MAX: return a > b ? 1 : a == b ? 0.5f : 0;
    case MIN: return a < b ? 1 : a == b ? 0.5f : 0;
    case POW: return b == 2 ? 2 * a : b == 0.5f ? 0.5f / engine_sqrt(a) : b * engine_exp((b - 1) * engine_log(a));
    case PRELU: return a < 0 ? b : 1;
  }
  return 0;
}

static inline float slope_b(int fn, float a, float b) {
  switch (fn) {
    case ADD: return 1;
    case SUB: return -1;
    case MUL: return a;
    case DIV: return -a / (b * b);
    case MAX: return b > a ? 1 : a == b ? 0.5f : 0;
    case MIN: return b < a ? 1 : a == b ? 0.5f : 0;
    case POW: return engine_exp(b * engine_log(a)) * engine_log(a);
    case PRELU: return a < 0 ? a : 0;
  }
  return 0;
}

/* Advances the offsets of `count` operands over all axes but the last; returns 0 at the end. */
static inline int advance(int32_t *index, const word *axis, int rank, int count, int32_t *offset) {
  for (int d = rank - 2; d >= 0; d--) {
    const word *w = axis + d * (count + 1);
    for (int o = 0; o < count; o++) offset[o] += w[1 + o];
    if (++index[d] < w[0]) return 1;
    for (int o = 0; o < count; o++) offset[o] -= w[1 + o] * w[0];
    index[d] = 0;
  }
  return 0;
}

/* fn a b y rank | size stride_a stride_b per axis; y is dense */
void k_binary(const env_t *e, const word *a) {
  const float *pa = floats(e, a[1]), *pb = floats(e, a[2]);
  float *y = floats(e, a[3]);
  int fn = a[0], rank = a[4];
  const word *axis = a + 5, *inner = axis + (rank - 1) * 3;
  int n = inner[0], sa = inner[1], sb = inner[2];
  int32_t index[8] = {0}, offset[2] = {0, 0};
  do {
    const float *qa = pa + offset[0], *qb = pb + offset[1];
    if (fn == ADD && sa == 1 && sb == 1) {
      int i = 0;
      for (; i + VW <= n; i += VW) store(y + i, load(qa + i) + load(qb + i));
      for (; i < n; i++) y[i] = qa[i] + qb[i];
    } else {
      for (int i = 0; i < n; i++) y[i] = combine(fn, qa[i * sa], qb[i * sb]);
    }
    y += n;
  } while (advance(index, axis, rank, 2, offset));
}

/* fn a b dy da db wants(1 a, 2 b) rank | size stride_a stride_b per axis; adds to da and db */
void k_binary_backward(const env_t *e, const word *a) {
  const float *pa = floats(e, a[1]), *pb = floats(e, a[2]), *dy = floats(e, a[3]);
  float *da = floats(e, a[4]), *db = floats(e, a[5]);
  int fn = a[0], wants = a[6], rank = a[7];
  const word *axis = a + 8, *inner = axis + (rank - 1) * 3;
  int n = inner[0], sa = inner[1], sb = inner[2];
  int32_t index[8] = {0}, offset[2] = {0, 0};
  do {
    const float *qa = pa + offset[0], *qb = pb + offset[1];
    if (wants & 1)
      for (int i = 0; i < n; i++) da[offset[0] + i * sa] += dy[i] * slope_a(fn, qa[i * sa], qb[i * sb]);
    if (wants & 2)
      for (int i = 0; i < n; i++) db[offset[1] + i * sb] += dy[i] * slope_b(fn, qa[i * sa], qb[i * sb]);
    dy += n;
  } while (advance(index, axis, rank, 2, offset));
}
