#include "dnnrt_reduce.h"

/* Root of the sum of squares. */
DNNRT_REDUCE(dnnrt_reduce_l2_f32, 0.0f, sum + v * v, dnnrt_sqrtf(sum))
