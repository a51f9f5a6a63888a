#include "dnnrt_broadcast.h"

DNNRT_BROADCAST(dnnrt_pow_f32, float, float, dnnrt_powf(u, v))
