#include "dnnrt_reduce.h"

/* Smallest value. */
DNNRT_REDUCE(dnnrt_reduce_min_f32, INFINITY, v < sum || v != v ? v : sum, sum)
