#include "dnnrt.h"

/* Channel c of the image at tap `tap`, whose place position `at` of the result moves. */
static float moved_tap(const dnnrt_deform_conv2d_t *p, const float *image, const float *offset, uint32_t tap, uint32_t i, uint32_t j) {
  const dnnrt_window_t *g = &p->window;
  const uint32_t area = (uint32_t)g->out_h * g->out_w, at = i * g->out_w + j;
  const float y = (float)((int32_t)(i * g->stride_h + tap / g->kernel_w * g->dilation_h) - g->pad_top) + offset[2 * tap * area + at];
  const float x = (float)((int32_t)(j * g->stride_w + tap % g->kernel_w * g->dilation_w) - g->pad_left) + offset[(2 * tap + 1) * area + at];
  float values[4];
  dnnrt_bilinear_f32(image, g->in_h, g->in_w, y, x, values);
  return values[0] + values[1] + values[2] + values[3];
}

/*
 * Convolution whose taps are moved by offset[batch][offset group][tap][row, column][position] and weighted by mask[batch][offset group][tap]
 * [position], if any. scratch: the moved taps of one position.
 */
void dnnrt_deform_conv2d_f32(
    const dnnrt_deform_conv2d_t *p, const float *x, const float *w, const float *offset, const float *bias, const float *mask, float *y, float *scratch) {
  const dnnrt_window_t *g = &p->window;
  const uint32_t taps = (uint32_t)g->kernel_h * g->kernel_w, area = (uint32_t)g->out_h * g->out_w, plane = (uint32_t)g->in_h * g->in_w;
  const uint32_t inner = g->in_c / p->groups * taps, per_group = p->out_c / p->groups, per_offset = g->in_c / p->offset_groups;
  for (uint32_t n = 0; n < g->batch; n++, x += g->in_c * plane, y += p->out_c * area) {
    for (uint32_t at = 0; at < area; at++) {
      for (uint32_t c = 0; c < g->in_c; c++) {
        const uint32_t group = (n * p->offset_groups + c / per_offset) * taps;
        for (uint32_t tap = 0; tap < taps; tap++) {
          const float v = moved_tap(p, x + c * plane, offset + 2 * group * area, tap, at / g->out_w, at % g->out_w);
          scratch[c * taps + tap] = mask ? v * mask[(group + tap) * area + at] : v;
        }
      }
      for (uint32_t m = 0; m < p->out_c; m++) {
        const float *column = scratch + m / per_group * inner, *weights = w + m * inner;
        float sum = bias ? bias[m] : 0.0f;
        for (uint32_t k = 0; k < inner; k++) sum += weights[k] * column[k];
        y[m * area + at] = sum;
      }
    }
  }
}
