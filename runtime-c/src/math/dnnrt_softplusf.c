#include "dnnrt.h"

/* log(1 + e^x). */
float dnnrt_softplusf(float x) {
  return x > 0.0f ? x + dnnrt_log1pf(dnnrt_expf(-x)) : dnnrt_log1pf(dnnrt_expf(x));
}
