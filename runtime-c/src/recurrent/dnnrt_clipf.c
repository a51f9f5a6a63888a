#include "dnnrt.h"

/* Limits x to [-limit, limit]; a limit of 0 is none. */
float dnnrt_clipf(float x, float limit) {
  if (limit == 0.0f) return x;
  return x < -limit ? -limit : x > limit ? limit : x;
}
