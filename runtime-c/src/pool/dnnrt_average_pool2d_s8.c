#include "dnnrt_scale.h"

/* The part of a window inside the image. */
typedef struct {
  const int8_t *first; /* of the channel */
  int32_t rows, columns, row_step, column_step;
  int32_t count; /* what the sum is divided by */
} area_t;

static int32_t in_float(const dnnrt_average_pool2d_s8_t *p, const area_t *w) {
  float sum = 0.0f;
  for (int32_t row = 0; row < w->rows; row++)
    for (int32_t column = 0; column < w->columns; column++)
      sum += p->x_scale * (float)(w->first[row * w->row_step + column * w->column_step] - p->x_zero);
  const float v = sum / (float)w->count / p->y_scale + (float)p->y_zero;
  return dnnrt_saturate_f32(v, 0, p->y_shift - 128, p->y_shift + 127);
}

static int32_t mean_of(const dnnrt_average_pool2d_s8_t *p, const dnnrt_scale_t *by, const area_t *w) {
  int32_t sum = -(p->x_zero * w->rows * w->columns), y;
  const int8_t *row = w->first;
  for (int32_t i = 0; i < w->rows; i++, row += w->row_step) {
    const int8_t *x = row;
    for (int32_t j = 0; j < w->columns; j++, x += w->column_step) sum += *x;
  }
  if (dnnrt_scaled(by, sum, p->y_zero, p->y_shift - 128, p->y_shift + 127, &y)) return y;
  return in_float(p, w);
}

/*
 * What sums over `count` places are multiplied by. In float32, a sum of n terms of at most 255 x_scale is off by at most
 * n * n * 255 * x_scale * 2^-24, the mean in steps of y by n * 255 * x_scale / y_scale * 2^-24, which is 64 n x_scale / y_scale in 2^-22; the
 * multiplier, the divisions and the zero point lose less than 2^-13. Without a way in integers where that is too much.
 */
static dnnrt_scale_t multiplier_of(const dnnrt_average_pool2d_s8_t *p, int32_t count) {
  const dnnrt_window_t *g = &p->window;
  const float lost = 64.0f * (float)(g->kernel_h * g->kernel_w) * (p->x_scale / p->y_scale);
  dnnrt_scale_t by = dnnrt_scale(p->x_scale / (float)count / p->y_scale, lost < 65536.0f ? 1024 + (int32_t)lost : 0);
  if (!(lost < 65536.0f)) by.down = 32;
  return by;
}

/* First and number of kernel places inside [0, size) for a window that starts at `start`. */
static int32_t inside(int32_t start, int32_t kernel, int32_t dilation, int32_t size, int32_t *first) {
  int32_t k = 0, count = 0;
  while (k < kernel && start + k * dilation < 0) k++;
  *first = start + k * dilation;
  for (; k < kernel && start + k * dilation < size; k++) count++;
  return count;
}

/*
 * Mean of each window, as float32 sums it in row-major order: added in integers, in float only where the result is close to a tie.
 */
void dnnrt_average_pool2d_s8(const dnnrt_average_pool2d_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_window_t *g = &p->window;
  area_t w;
  w.row_step = g->dilation_h * g->in_w * g->in_c, w.column_step = g->dilation_w * g->in_c;
  int32_t known = 0;
  dnnrt_scale_t by = {32, 0, 0, 0, 0};
  for (int32_t n = 0; n < g->batch; n++, x += (int32_t)g->in_h * g->in_w * g->in_c) {
    for (int32_t oh = 0, top = -g->pad_top; oh < g->out_h; oh++, top += g->stride_h) {
      for (int32_t ow = 0, left = -g->pad_left; ow < g->out_w; ow++, left += g->stride_w) {
        int32_t row, column;
        w.rows = inside(top, g->kernel_h, g->dilation_h, g->in_h, &row);
        w.columns = inside(left, g->kernel_w, g->dilation_w, g->in_w, &column);
        w.count = p->count_include_pad ? g->kernel_h * g->kernel_w : w.rows * w.columns;
        w.first = x + (row * g->in_w + column) * g->in_c;
        if (w.count != known) by = multiplier_of(p, w.count), known = w.count;
        for (int32_t c = 0; c < g->in_c; c++, w.first++) *y++ = (int8_t)(mean_of(p, &by, &w) - p->y_shift);
      }
    }
  }
}
