#include "dnnrt_reduce.h"

/* Logarithm of the sum. */
DNNRT_REDUCE(dnnrt_reduce_log_sum_f32, 0.0f, sum + v, dnnrt_logf(sum))
