#include "dnnrt_broadcast.h"

/* The larger of a and b; NaN when either is. */
DNNRT_BROADCAST(dnnrt_max_f32, float, float, (u > v || u != u) ? u : v)
