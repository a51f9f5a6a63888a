#include "dnnrt.h"

/* Error function: 2 / sqrt(pi) * e^(-x^2) * sum 2^n x^(2n+1) / (1 * 3 * ... * (2n+1)), whose terms are all positive. */
float dnnrt_erff(float x) {
  const float a = x < 0.0f ? -x : x;
  if (a != a) return x;
  if (a > 3.95f) return x < 0.0f ? -1.0f : 1.0f;
  float term = a, sum = a;
  for (int32_t n = 1; term > 1e-9f * sum; n++) {
    term *= 2.0f * a * a / (float)(2 * n + 1);
    sum += term;
  }
  const float r = 1.12837917f * dnnrt_expf(-a * a) * sum;
  return x < 0.0f ? -r : r;
}
