#include "dnnrt_reduce.h"

/* Largest value. */
DNNRT_REDUCE(dnnrt_reduce_max_f32, -INFINITY, v > sum || v != v ? v : sum, sum)
