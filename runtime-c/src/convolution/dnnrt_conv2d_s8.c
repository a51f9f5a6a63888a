#include "dnnrt_requantize.h"

static int32_t window_sum(const dnnrt_conv2d_s8_t *p, const int8_t *x, const int8_t *w, int32_t w_zero, int32_t top, int32_t left) {
  const dnnrt_window_t *g = &p->window;
  const int32_t depth = g->in_c / p->groups;
  int32_t sum = 0;
  for (int32_t kh = 0; kh < g->kernel_h; kh++) {
    const int32_t row = top + kh * g->dilation_h;
    if (row < 0 || row >= g->in_h) continue;
    for (int32_t kw = 0; kw < g->kernel_w; kw++) {
      const int32_t column = left + kw * g->dilation_w;
      if (column < 0 || column >= g->in_w) continue;
      const int8_t *pixel = x + (row * g->in_w + column) * g->in_c;
      const int8_t *tap = w + (kh * g->kernel_w + kw) * depth;
      for (int32_t c = 0; c < depth; c++) sum += (pixel[c] - p->x_zero) * (tap[c] - w_zero);
    }
  }
  return sum;
}

/* Convolution with groups; reference form. x [batch, in_h, in_w, in_c], y [batch, out_h, out_w, out_c]. */
void dnnrt_conv2d_s8(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t depth = g->in_c / p->groups, out_per_group = p->out_c / p->groups;
  const int32_t filter = g->kernel_h * g->kernel_w * depth;
  for (int32_t n = 0; n < g->batch; n++, x += (int32_t)g->in_h * g->in_w * g->in_c) {
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      for (int32_t ow = 0; ow < g->out_w; ow++) {
        const int32_t top = oh * g->stride_h - g->pad_top, left = ow * g->stride_w - g->pad_left;
        for (int32_t oc = 0; oc < p->out_c; oc++) {
          const int32_t w_zero = p->weight_zero ? p->weight_zero[oc * p->weight_zero_step] : 0;
          int32_t sum = window_sum(p, x + oc / out_per_group * depth, (const int8_t *)p->weights + oc * filter, w_zero, top, left);
          if (p->bias) sum += p->bias[oc];
          *y++ = (int8_t)dnnrt_requantize(sum, q->multiplier[oc * q->per_channel], q->y_zero, q->lo, q->hi);
        }
      }
    }
  }
}
