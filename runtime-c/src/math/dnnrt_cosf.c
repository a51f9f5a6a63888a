#include "dnnrt.h"

/* Cosine, by the sine of the same reduced angle. */
float dnnrt_cosf(float x) {
  const float a = x < 0.0f ? -x : x;
  if (!(a < 1e8f)) return NAN;
  const float k = dnnrt_roundf(a * 0.636619772f);
  const float r = ((a - k * 1.5703125f) - k * 4.83751297e-4f) - k * 7.54978942e-8f;
  const float z = r * r;
  const int32_t quarter = ((int32_t)k + 1) & 3;
  const float v = quarter & 1 ? 1.0f - z * (0.5f - z * (4.16666667e-2f - z * (1.38888889e-3f - z * (2.48015873e-5f - z * 2.75573192e-7f))))
                              : r * (1.0f - z * (0.166666667f - z * (8.33333333e-3f - z * (1.98412698e-4f - z * 2.75573192e-6f))));
  return (quarter & 2) != 0 ? -v : v;
}
