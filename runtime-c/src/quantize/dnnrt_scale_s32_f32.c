#include "dnnrt.h"

/* Integer sums to float: (x + bias) * scale per column. bias may be null. */
void dnnrt_scale_s32_f32(const dnnrt_scale_s32_t *p, const int32_t *x, float *y) {
  for (uint32_t i = 0; i < p->rows; i++) {
    for (uint32_t j = 0; j < p->columns; j++) {
      *y++ = (float)(*x++ + (p->bias ? p->bias[j] : 0)) * p->scale[j * p->column_step];
    }
  }
}
