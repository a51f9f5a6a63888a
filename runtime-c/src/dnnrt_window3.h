/* Inside the library: windows over three axes of NCDHW tensors, for the rare cases that the 2-D kernels leave out. */
#ifndef DNNRT_WINDOW3_H
#define DNNRT_WINDOW3_H

#include "dnnrt.h"

/* Place of tap k of the window at o within a plane, or -1 when it lies outside the input. */
static inline int32_t dnnrt_tap3(const dnnrt_window3_t *g, const int32_t o[3], const int32_t k[3]) {
  int32_t at = 0;
  for (int32_t axis = 0; axis < 3; axis++) {
    const int32_t i = o[axis] * g->stride[axis] + k[axis] * g->dilation[axis] - g->pad[axis];
    if (i < 0 || i >= g->in[axis]) return -1;
    at = at * g->in[axis] + i;
  }
  return at;
}

/* Loops over the output positions o, and over the taps k of a window. */
#define DNNRT_EACH3(i, n) \
  for (i[0] = 0; i[0] < (n)[0]; i[0]++) \
    for (i[1] = 0; i[1] < (n)[1]; i[1]++) \
      for (i[2] = 0; i[2] < (n)[2]; i[2]++)

#endif
