#define DNNRT_OFFSET_WEIGHTS 1
#include "dnnrt_conv2d_dsp.h"

/* The same with any weights and zero points. bias: four a channel pair. */
void dnnrt_conv2d_affine_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  dnnrt_convolve_tiles(p, x, y, scratch);
}
