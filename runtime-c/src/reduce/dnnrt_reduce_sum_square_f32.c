#include "dnnrt_reduce.h"

/* Sum of squares. */
DNNRT_REDUCE(dnnrt_reduce_sum_square_f32, 0.0f, sum + v * v, sum)
