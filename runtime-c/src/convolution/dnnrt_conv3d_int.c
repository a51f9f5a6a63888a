#include "dnnrt_element.h"
#include "dnnrt_window3.h"

/* int32 convolution of 8-bit tensors after their zero points (null: 0); w_zero one number or one per output channel. */
void dnnrt_conv3d_int(const dnnrt_conv3d_int_t *p, const void *x, const void *w, const void *x_zero, const void *w_zero, int32_t *y) {
  const dnnrt_window3_t *g = &p->conv.window;
  const int32_t plane = g->in[0] * g->in[1] * g->in[2], taps = g->kernel[0] * g->kernel[1] * g->kernel[2];
  const int32_t depth = g->in_c / p->conv.groups, per_group = p->conv.out_c / p->conv.groups;
  const int32_t xz = x_zero ? (int32_t)dnnrt_load(x_zero, p->x_type, 0) : 0;
  int32_t o[3], k[3];
  for (int32_t n = 0; n < g->batch; n++) {
    for (int32_t m = 0; m < p->conv.out_c; m++) {
      const int32_t wz = w_zero ? (int32_t)dnnrt_load(w_zero, p->w_type, m * p->w_zero_step) : 0;
      const int32_t image = (n * g->in_c + m / per_group * depth) * plane;
      DNNRT_EACH3(o, g->out) {
        int32_t tap = m * depth * taps, sum = 0;
        for (int32_t c = 0; c < depth; c++) {
          DNNRT_EACH3(k, g->kernel) {
            const int32_t at = dnnrt_tap3(g, o, k);
            if (at >= 0) {
              sum += ((int32_t)dnnrt_load(x, p->x_type, image + c * plane + at) - xz) * ((int32_t)dnnrt_load(w, p->w_type, tap) - wz);
            }
            tap++;
          }
        }
        *y++ = sum;
      }
    }
  }
}
