/* Inside the library: the loop of all element-wise functions of one operand. */
#ifndef DNNRT_MAP_H
#define DNNRT_MAP_H

#include "dnnrt.h"

/* Defines NAME(p, x, y): y = RESULT for each element v of x. x and y may be the same. */
#define DNNRT_MAP(NAME, OUT, RESULT)                          \
  void NAME(const dnnrt_map_t *p, const float *x, OUT *y) {   \
    for (uint32_t i = 0; i < p->n; i++) {                     \
      const float v = x[i];                                   \
      y[i] = RESULT;                                          \
    }                                                         \
  }

#endif
