#include "dnnrt_round.h"

/* Mean of each window in float32, summed in row-major order. */
void dnnrt_average_pool2d_s8(const dnnrt_average_pool2d_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_window_t *g = &p->window;
  for (int32_t n = 0; n < g->batch; n++, x += (int32_t)g->in_h * g->in_w * g->in_c) {
    for (int32_t oh = 0; oh < g->out_h; oh++) {
      for (int32_t ow = 0; ow < g->out_w; ow++) {
        const int32_t top = oh * g->stride_h - g->pad_top, left = ow * g->stride_w - g->pad_left;
        for (int32_t c = 0; c < g->in_c; c++) {
          float sum = 0.0f;
          int32_t count = 0;
          for (int32_t kh = 0; kh < g->kernel_h; kh++) {
            const int32_t row = top + kh * g->dilation_h;
            if (row < 0 || row >= g->in_h) continue;
            for (int32_t kw = 0; kw < g->kernel_w; kw++) {
              const int32_t column = left + kw * g->dilation_w;
              if (column < 0 || column >= g->in_w) continue;
              sum += p->x_scale * (float)(x[(row * g->in_w + column) * g->in_c + c] - p->x_zero);
              count++;
            }
          }
          if (p->count_include_pad) count = g->kernel_h * g->kernel_w;
          const float v = sum / (float)count / p->y_scale + (float)p->y_zero;
          *y++ = (int8_t)(dnnrt_saturate_f32(v, 0, p->y_shift - 128, p->y_shift + 127) - p->y_shift);
        }
      }
    }
  }
}
