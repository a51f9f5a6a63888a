#include "dnnrt_window3.h"

/* (sum |x|^norm)^(1 / norm) of windows over one to three axes, NCDHW. */
void dnnrt_lp_pool3d_f32(const dnnrt_pool3d_t *p, const float *x, float *y) {
  const dnnrt_window3_t *g = &p->window;
  const int32_t plane = g->in[0] * g->in[1] * g->in[2];
  int32_t o[3], k[3];
  for (int32_t c = 0; c < g->batch * g->in_c; c++, x += plane) {
    DNNRT_EACH3(o, g->out) {
      float sum = 0.0f;
      DNNRT_EACH3(k, g->kernel) {
        const int32_t at = dnnrt_tap3(g, o, k);
        if (at >= 0) sum += dnnrt_powf(x[at] < 0.0f ? -x[at] : x[at], p->norm);
      }
      *y++ = p->norm == 2.0f ? dnnrt_sqrtf(sum) : dnnrt_powf(sum, 1.0f / p->norm);
    }
  }
}
