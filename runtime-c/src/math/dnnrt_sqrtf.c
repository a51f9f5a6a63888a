#include "dnnrt.h"

/* Correctly rounded square root: by instruction where there is one, else bit by bit. */
float dnnrt_sqrtf(float x) {
#if defined(__ARM_FP) || defined(__x86_64__) || defined(__aarch64__)
  return __builtin_sqrtf(x);
#else
  if (x != x || x < 0.0f) return NAN;
  if (x == 0.0f || x == INFINITY) return x;
  int32_t k = 0;
  while (x < 1.0f) {
    x *= 4.0f;
    k--;
  }
  while (x >= 4.0f) {
    x *= 0.25f;
    k++;
  }
  /* x is in [1, 4): its root r in [1, 2) is found with 25 bits, one more than a float has. */
  const uint64_t square = (uint64_t)(uint32_t)(x * 8388608.0f) << 25;
  uint32_t r = 0;
  for (uint32_t bit = 1u << 24; bit != 0; bit >>= 1) {
    const uint64_t t = r | bit;
    if (t * t <= square) r |= bit;
  }
  /* A root is never half way between two floats: the last bit alone decides the rounding. */
  float root = (float)((r + 1) >> 1) * 1.1920929e-7f;
  for (; k > 0; k--) root *= 2.0f;
  for (; k < 0; k++) root *= 0.5f;
  return root;
#endif
}
