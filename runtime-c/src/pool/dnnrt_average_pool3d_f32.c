#include "dnnrt_window3.h"

/* Means of windows over one to three axes, NCDHW. The divisor counts taps inside the input, or inside the padded input. */
void dnnrt_average_pool3d_f32(const dnnrt_pool3d_t *p, const float *x, float *y) {
  const dnnrt_window3_t *g = &p->window;
  const int32_t plane = g->in[0] * g->in[1] * g->in[2];
  int32_t o[3], k[3];
  for (int32_t c = 0; c < g->batch * g->in_c; c++, x += plane) {
    DNNRT_EACH3(o, g->out) {
      float sum = 0.0f;
      int32_t count = 0;
      DNNRT_EACH3(k, g->kernel) {
        const int32_t at = dnnrt_tap3(g, o, k);
        int inside = at >= 0;
        if (inside) sum += x[at];
        if (p->count_include_pad) {
          inside = 1;
          for (int32_t axis = 0; axis < 3; axis++) {
            const int32_t i = o[axis] * g->stride[axis] + k[axis] * g->dilation[axis];
            if (i >= g->pad[axis] + g->in[axis] + p->pad_end[axis]) inside = 0;
          }
        }
        count += inside;
      }
      *y++ = sum / (float)count;
    }
  }
}
