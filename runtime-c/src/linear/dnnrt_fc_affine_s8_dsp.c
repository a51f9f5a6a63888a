#define DNNRT_OFFSET_WEIGHTS 1
#include "dnnrt_fc_dsp.h"

/* The same with any weights and zero points. */
void dnnrt_fc_affine_s8_dsp(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  dnnrt_multiply_rows(p, x, y, scratch);
}
