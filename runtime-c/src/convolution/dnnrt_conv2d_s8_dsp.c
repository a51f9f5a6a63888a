#define DNNRT_WIDE 0
#include "dnnrt_pairs_dsp.h"

/* Convolution without groups, one image, weights of zero point 0. scratch: see dnnrt_conv2d_dsp.h. */
void dnnrt_conv2d_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  dnnrt_convolve_tiles(p, x, y, scratch);
}
