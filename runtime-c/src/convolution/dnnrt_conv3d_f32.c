#include "dnnrt_window3.h"

/* Convolution over one to three axes, NCDHW; weights [out_c][in_c / groups][kernel]. bias may be null. */
void dnnrt_conv3d_f32(const dnnrt_conv3d_t *p, const float *x, const float *w, const float *bias, float *y) {
  const dnnrt_window3_t *g = &p->window;
  const int32_t plane = g->in[0] * g->in[1] * g->in[2], taps = g->kernel[0] * g->kernel[1] * g->kernel[2];
  const int32_t depth = g->in_c / p->groups, per_group = p->out_c / p->groups;
  int32_t o[3], k[3];
  for (int32_t n = 0; n < g->batch; n++) {
    for (int32_t m = 0; m < p->out_c; m++) {
      const float *image = x + (n * g->in_c + m / per_group * depth) * plane;
      DNNRT_EACH3(o, g->out) {
        const float *tap = w + m * depth * taps;
        float v = bias ? bias[m] : 0.0f;
        for (int32_t c = 0; c < depth; c++) {
          DNNRT_EACH3(k, g->kernel) {
            const int32_t at = dnnrt_tap3(g, o, k);
            if (at >= 0) v += image[c * plane + at] * *tap;
            tap++;
          }
        }
        *y++ = v < p->lo ? p->lo : v > p->hi ? p->hi : v;
      }
    }
  }
}
