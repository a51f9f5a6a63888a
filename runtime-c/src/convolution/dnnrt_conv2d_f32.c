#include "dnnrt.h"

static float window_sum(const dnnrt_conv2d_f32_t *p, const float *x, const float *w, int32_t top, int32_t left) {
  const dnnrt_window_t *g = &p->window;
  const int32_t depth = g->in_c / p->groups;
  float sum = 0.0f;
  for (int32_t kh = 0; kh < g->kernel_h; kh++) {
    const int32_t row = top + kh * g->dilation_h;
    if (row < 0 || row >= g->in_h) continue;
    for (int32_t kw = 0; kw < g->kernel_w; kw++) {
      const int32_t column = left + kw * g->dilation_w;
      if (column < 0 || column >= g->in_w) continue;
      const float *pixel = x + (row * g->in_w + column) * g->in_c;
      const float *tap = w + (kh * g->kernel_w + kw) * depth;
      for (int32_t c = 0; c < depth; c++) sum += pixel[c] * tap[c];
    }
  }
  return sum;
}

/* Convolution with groups; reference form. x [batch, in_h, in_w, in_c], y [batch, out_h, out_w, out_c]. */
void dnnrt_conv2d_f32(const dnnrt_conv2d_f32_t *p, const float *x, float *y) {
  const dnnrt_window_t *g = &p->window;
  const int32_t depth = g->in_c / p->groups, out_per_group = p->out_c / p->groups;
  const int32_t filter = g->kernel_h * g->kernel_w * depth;
  for (int32_t n = 0; n < g->batch; n++, x += (int32_t)g->in_h * g->in_w * g->in_c) {
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      for (int32_t ow = 0; ow < g->out_w; ow++) {
        const int32_t top = oh * g->stride_h - g->pad_top, left = ow * g->stride_w - g->pad_left;
        for (int32_t oc = 0; oc < p->out_c; oc++) {
          float v = window_sum(p, x + oc / out_per_group * depth, p->weights + oc * filter, top, left);
          if (p->bias) v += p->bias[oc];
          *y++ = v < p->lo ? p->lo : v > p->hi ? p->hi : v;
        }
      }
    }
  }
}
