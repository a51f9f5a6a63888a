#include "dnnrt_window3.h"

/*
 * Maxima of windows over one to three axes, NCDHW. indices (null: not wanted) get the flat place of each first maximum, spatial axes
 * counted column by column when column_major.
 */
void dnnrt_max_pool3d_f32(const dnnrt_pool3d_t *p, const float *x, float *y, int64_t *indices) {
  const dnnrt_window3_t *g = &p->window;
  const int32_t plane = g->in[0] * g->in[1] * g->in[2];
  int32_t o[3], k[3];
  for (int32_t c = 0; c < g->batch * g->in_c; c++, x += plane) {
    DNNRT_EACH3(o, g->out) {
      int32_t best = -1;
      DNNRT_EACH3(k, g->kernel) {
        const int32_t at = dnnrt_tap3(g, o, k);
        if (at >= 0 && (best < 0 || x[at] > x[best])) best = at;
      }
      *y++ = best < 0 ? -INFINITY : x[best];
      if (!indices) continue;
      if (p->column_major && best >= 0) {
        const int32_t column = best % g->in[2], row = best / g->in[2] % g->in[1], depth = best / g->in[2] / g->in[1];
        best = (column * g->in[1] + row) * g->in[0] + depth;
      }
      *indices++ = (int64_t)c * plane + best;
    }
  }
}
