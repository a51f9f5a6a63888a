/* Inside the library: the loop of all element-wise operations on two operands that broadcast against each other. */
#ifndef DNNRT_BROADCAST_H
#define DNNRT_BROADCAST_H

#include "dnnrt.h"

/* Defines NAME(p, a, b, y): y = RESULT for each pair of elements u of a and v of b. y may be an operand of y's own shape. */
#define DNNRT_BROADCAST(NAME, IN, OUT, RESULT)                                            \
  void NAME(const dnnrt_broadcast_t *p, const IN *a, const IN *b, OUT *y) {               \
    const int32_t last = p->rank - 1;                                                     \
    uint32_t index[DNNRT_MAX_RANK] = {0};                                                 \
    for (int32_t axis = last; axis >= 0;) {                                               \
      for (uint32_t i = 0; i < p->shape[last]; i++) {                                     \
        const IN u = a[(int32_t)i * p->a_stride[last]];                                   \
        const IN v = b[(int32_t)i * p->b_stride[last]];                                   \
        *y++ = RESULT;                                                                    \
      }                                                                                   \
      for (axis = last - 1; axis >= 0; axis--) {                                          \
        a += p->a_stride[axis];                                                           \
        b += p->b_stride[axis];                                                           \
        if (++index[axis] < p->shape[axis]) break;                                        \
        a -= (int32_t)index[axis] * p->a_stride[axis];                                    \
        b -= (int32_t)index[axis] * p->b_stride[axis];                                    \
        index[axis] = 0;                                                                  \
      }                                                                                   \
    }                                                                                     \
  }

#endif
