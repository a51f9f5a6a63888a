#include "dnnrt_broadcast.h"

/* a * b */
DNNRT_BROADCAST(dnnrt_mul_f32, float, float, u * v)
