#include "dnnrt.h"

/* y = (x - mean) / sqrt(variance + epsilon) * scale + bias per channel of [outer, channels, inner], for computed parameters. */
void dnnrt_batch_normalization_f32(const dnnrt_batch_normalization_t *p, const float *x, const float *scale, const float *bias, const float *mean, const float *variance, float *y) {
  for (uint32_t o = 0; o < p->outer; o++) {
    for (uint32_t c = 0; c < p->channels; c++) {
      const float factor = scale[c] / dnnrt_sqrtf(variance[c] + p->epsilon);
      for (uint32_t i = 0; i < p->inner; i++) *y++ = (*x++ - mean[c]) * factor + bias[c];
    }
  }
}
