#include "dnnrt_broadcast.h"

DNNRT_BROADCAST(dnnrt_less_f32, float, uint8_t, u < v)
