#include "dnnrt_reduce.h"

/* Product. */
DNNRT_REDUCE(dnnrt_reduce_prod_f32, 1.0f, sum * v, sum)
