#include "dnnrt_broadcast.h"

/* a + b */
DNNRT_BROADCAST(dnnrt_add_f32, float, float, u + v)
