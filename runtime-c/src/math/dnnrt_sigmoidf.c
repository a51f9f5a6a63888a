#include "dnnrt.h"

/* 1 / (1 + e^-x). */
float dnnrt_sigmoidf(float x) {
  if (x >= 0.0f) return 1.0f / (1.0f + dnnrt_expf(-x));
  const float e = dnnrt_expf(x);
  return e / (1.0f + e);
}
