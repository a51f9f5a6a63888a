#include "dnnrt_reduce.h"

/* Sum. */
DNNRT_REDUCE(dnnrt_reduce_sum_f32, 0.0f, sum + v, sum)
