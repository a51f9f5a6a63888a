#include "dnnrt_reduce.h"

/* Mean. */
DNNRT_REDUCE(dnnrt_reduce_mean_f32, 0.0f, sum + v, sum / (float)p->n)
