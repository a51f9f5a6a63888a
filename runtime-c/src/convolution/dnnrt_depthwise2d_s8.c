#include "dnnrt_requantize.h"

/* Convolution of each channel with out_c / in_c filters of its own; weights [kernel_h][kernel_w][out_c]. */
void dnnrt_depthwise2d_s8(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int8_t *weights = (const int8_t *)p->weights;
  const int32_t per_input = p->out_c / g->in_c;
  for (int32_t n = 0; n < g->batch; n++, x += (int32_t)g->in_h * g->in_w * g->in_c) {
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      for (int32_t ow = 0; ow < g->out_w; ow++) {
        const int32_t top = oh * g->stride_h - g->pad_top, left = ow * g->stride_w - g->pad_left;
        for (int32_t oc = 0; oc < p->out_c; oc++) {
          const int32_t w_zero = p->weight_zero ? p->weight_zero[oc * p->weight_zero_step] : 0;
          const int32_t ic = oc / per_input;
          int32_t sum = p->bias ? p->bias[oc] : 0;
          for (int32_t kh = 0; kh < g->kernel_h; kh++) {
            const int32_t row = top + kh * g->dilation_h;
            if (row < 0 || row >= g->in_h) continue;
            for (int32_t kw = 0; kw < g->kernel_w; kw++) {
              const int32_t column = left + kw * g->dilation_w;
              if (column < 0 || column >= g->in_w) continue;
              const int32_t w = weights[(kh * g->kernel_w + kw) * p->out_c + oc] - w_zero;
              sum += (x[(row * g->in_w + column) * g->in_c + ic] - p->x_zero) * w;
            }
          }
          *y++ = (int8_t)dnnrt_requantize(sum, q->multiplier[oc * q->per_channel], q->y_zero, q->lo, q->hi);
        }
      }
    }
  }
}
