#include "dnnrt_swar.h"

/* Weights of 8 bits, two channels at a time. */
void dnnrt_conv2d_s8_swar(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch) {
  static const dnnrt_swar_form_t form = {dnnrt_swar_widen, dnnrt_swar_pixel2, 2, 7, 1};
  dnnrt_swar_convolve(p, x, y, scratch, &form);
}
