#define DNNRT_WIDE 1
#include "dnnrt_pairs_dsp.h"

/* The same with any weights and zero points, which take two bytes each. */
void dnnrt_conv2d_s16_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  dnnrt_convolve_tiles(p, x, y, scratch);
}
