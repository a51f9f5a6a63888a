#define DNNRT_OFFSET_WEIGHTS 0
#include "dnnrt_fc_dsp.h"

/* Fully connected layer, weights of zero point 0. */
void dnnrt_fc_s8_dsp(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  dnnrt_multiply_rows(p, x, y, scratch);
}
