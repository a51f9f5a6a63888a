#include "dnnrt_broadcast.h"

/* The smaller of a and b; NaN when either is. */
DNNRT_BROADCAST(dnnrt_min_f32, float, float, (u < v || u != u) ? u : v)
