#include "dnnrt.h"

/* e^x - 1, exact for small x. */
float dnnrt_expm1f(float x) {
  if (x > 0.35f || x < -0.35f) return dnnrt_expf(x) - 1.0f;
  float e = 1.98412698e-4f;
  e = e * x + 1.38888889e-3f;
  e = e * x + 8.33333333e-3f;
  e = e * x + 4.16666667e-2f;
  e = e * x + 1.66666667e-1f;
  e = e * x + 0.5f;
  return e * (x * x) + x;
}
