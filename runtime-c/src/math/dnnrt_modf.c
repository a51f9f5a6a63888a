#include "dnnrt.h"

/* Remainder of x / y with the sign of y. */
float dnnrt_modf(float x, float y) {
  const float rest = dnnrt_fmodf(x, y);
  return rest != 0.0f && (rest < 0.0f) != (y < 0.0f) ? rest + y : rest;
}
