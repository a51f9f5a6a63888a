/* Inside the library: the loop of all reductions over the middle axis of [outer, n, inner]. */
#ifndef DNNRT_REDUCE_H
#define DNNRT_REDUCE_H

#include "dnnrt.h"

/* Defines NAME(p, x, y): sum starts at START, becomes STEP for each element v, and END is stored. */
#define DNNRT_REDUCE(NAME, START, STEP, END)                                         \
  void NAME(const dnnrt_axis_t *p, const float *x, float *y) {                       \
    for (uint32_t o = 0; o < p->outer; o++, x += p->n * p->inner) {                  \
      for (uint32_t k = 0; k < p->inner; k++) {                                      \
        float sum = START;                                                           \
        for (uint32_t i = 0; i < p->n; i++) {                                        \
          const float v = x[i * p->inner + k];                                       \
          sum = STEP;                                                                \
        }                                                                            \
        *y++ = END;                                                                  \
      }                                                                              \
    }                                                                                \
  }

#endif
