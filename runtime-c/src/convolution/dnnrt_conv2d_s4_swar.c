#include "dnnrt_swar.h"

/* Weights of 4 bits, four channels at a time. Bytes of weights: [blocks of 4 channels][quads][2 pairs of channels], a word each. */
void dnnrt_conv2d_s4_swar(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  static const dnnrt_swar_form_t form = {dnnrt_swar_widen4, dnnrt_swar_pixel4, 4, 12, 2};
  dnnrt_swar_convolve(p, x, y, scratch, &form);
}
