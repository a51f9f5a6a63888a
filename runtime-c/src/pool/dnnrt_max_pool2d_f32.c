#include "dnnrt.h"

/* Largest value of each window; positions in the padding do not count. */
void dnnrt_max_pool2d_f32(const dnnrt_window_t *p, const float *x, float *y) {
  for (int32_t n = 0; n < p->batch; n++, x += (int32_t)p->in_h * p->in_w * p->in_c) {
    for (int32_t oh = 0; oh < p->out_h; oh++) {
      for (int32_t ow = 0; ow < p->out_w; ow++, y += p->in_c) {
        const int32_t top = oh * p->stride_h - p->pad_top, left = ow * p->stride_w - p->pad_left;
        for (int32_t c = 0; c < p->in_c; c++) y[c] = -INFINITY;
        for (int32_t kh = 0; kh < p->kernel_h; kh++) {
          const int32_t row = top + kh * p->dilation_h;
          if (row < 0 || row >= p->in_h) continue;
          for (int32_t kw = 0; kw < p->kernel_w; kw++) {
            const int32_t column = left + kw * p->dilation_w;
            if (column < 0 || column >= p->in_w) continue;
            const float *pixel = x + (row * p->in_w + column) * p->in_c;
            for (int32_t c = 0; c < p->in_c; c++) {
              if (pixel[c] > y[c]) y[c] = pixel[c];
            }
          }
        }
      }
    }
  }
}
