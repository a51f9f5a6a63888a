#include "dnnrt.h"

/* Tangent. */
float dnnrt_tanf(float x) {
  return dnnrt_sinf(x) / dnnrt_cosf(x);
}
