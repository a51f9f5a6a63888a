#include "dnnrt.h"

/*
 * The k largest (or smallest) elements along the middle axis and their indices, in order; equals in order of their index. Each
 * rank is found by one pass over the elements that come after the one before: no working memory.
 */
void dnnrt_top_k_f32(const dnnrt_top_k_t *p, const float *x, float *y, int64_t *indices) {
  const dnnrt_axis_t *g = &p->axis;
  for (uint32_t o = 0; o < g->outer; o++) {
    for (uint32_t c = 0; c < g->inner; c++) {
      const int32_t first = (int32_t)(o * g->n * g->inner + c);
      float previous = 0;
      int32_t last = -1;
      for (uint32_t rank = 0; rank < p->k; rank++) {
        float best = 0;
        int32_t index = -1;
        for (int32_t i = 0; i < (int32_t)g->n; i++) {
          const float v = x[first + i * (int32_t)g->inner];
          const int after = last < 0 || (p->largest ? v < previous : v > previous) || (v == previous && i > last);
          if (after && (index < 0 || (p->largest ? v > best : v < best))) {
            best = v;
            index = i;
          }
        }
        const int32_t at = (int32_t)((o * p->k + rank) * g->inner + c);
        y[at] = (best);
        if (indices) indices[at] = index;
        previous = best;
        last = index;
      }
    }
  }
}
