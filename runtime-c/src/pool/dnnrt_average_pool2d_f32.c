#include "dnnrt.h"

/* Mean of each window. With count_include_pad the divisor counts padding, else only positions inside the image. */
void dnnrt_average_pool2d_f32(const dnnrt_average_pool2d_f32_t *p, const float *x, float *y) {
  const dnnrt_window_t *g = &p->window;
  for (int32_t n = 0; n < g->batch; n++, x += (int32_t)g->in_h * g->in_w * g->in_c) {
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      for (int32_t ow = 0; ow < g->out_w; ow++, y += g->in_c) {
        const int32_t top = oh * g->stride_h - g->pad_top, left = ow * g->stride_w - g->pad_left;
        int32_t count = 0;
        for (int32_t c = 0; c < g->in_c; c++) y[c] = 0.0f;
        for (int32_t kh = 0; kh < g->kernel_h; kh++) {
          const int32_t row = top + kh * g->dilation_h;
          if (row < 0 || row >= g->in_h) continue;
          for (int32_t kw = 0; kw < g->kernel_w; kw++) {
            const int32_t column = left + kw * g->dilation_w;
            if (column < 0 || column >= g->in_w) continue;
            const float *pixel = x + (row * g->in_w + column) * g->in_c;
            for (int32_t c = 0; c < g->in_c; c++) y[c] += pixel[c];
            count++;
          }
        }
        if (p->count_include_pad) count = g->kernel_h * g->kernel_w;
        for (int32_t c = 0; c < g->in_c; c++) y[c] /= (float)count;
      }
    }
  }
}
