#include "dnnrt.h"

/* log(1 + x), exact for small x: the rounding of 1 + x is divided out. */
float dnnrt_log1pf(float x) {
  const float u = 1.0f + x;
  if (u == 1.0f || u == INFINITY) return x;
  return dnnrt_logf(u) * (x / (u - 1.0f));
}
