#include "dnnrt_broadcast.h"

DNNRT_BROADCAST(dnnrt_prelu_f32, float, float, u < 0.0f ? v * u : u)
