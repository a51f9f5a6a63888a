#include "dnnrt_window3.h"

/*
 * Transposed convolution over one to three axes, NCDHW; weights [in_c][out_c / groups][kernel]. The window describes the forward
 * convolution: its input (in, in_c) is what is written here, its output (out) is what is read.
 */
void dnnrt_conv_transpose3d_f32(const dnnrt_conv3d_t *p, const float *x, const float *w, const float *bias, float *y) {
  const dnnrt_window3_t *g = &p->window;
  const int32_t y_plane = g->in[0] * g->in[1] * g->in[2], x_plane = g->out[0] * g->out[1] * g->out[2];
  const int32_t taps = g->kernel[0] * g->kernel[1] * g->kernel[2];
  const int32_t out_per_group = g->in_c / p->groups, in_per_group = p->out_c / p->groups;
  int32_t o[3], k[3];
  for (int32_t n = 0; n < g->batch; n++) {
    for (int32_t m = 0; m < g->in_c; m++, y += y_plane) {
      for (int32_t i = 0; i < y_plane; i++) y[i] = bias ? bias[m] : 0.0f;
      const int32_t group = m / out_per_group;
      for (int32_t c = group * in_per_group; c < (group + 1) * in_per_group; c++) {
        const float *image = x + (n * p->out_c + c) * x_plane;
        const float *filter = w + (c * out_per_group + m % out_per_group) * taps;
        DNNRT_EACH3(o, g->out) {
          const float *tap = filter;
          DNNRT_EACH3(k, g->kernel) {
            const int32_t at = dnnrt_tap3(g, o, k);
            if (at >= 0) y[at] += *image * *tap;
            tap++;
          }
          image++;
        }
      }
      for (int32_t i = 0; i < y_plane; i++) y[i] = y[i] < p->lo ? p->lo : y[i] > p->hi ? p->hi : y[i];
    }
  }
}
