#include "dnnrt_reduce.h"

/* Sum of absolute values. */
DNNRT_REDUCE(dnnrt_reduce_l1_f32, 0.0f, sum + (v < 0.0f ? -v : v), sum)
