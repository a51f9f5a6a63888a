#include "dnnrt_broadcast.h"

DNNRT_BROADCAST(dnnrt_greater_or_equal_f32, float, uint8_t, u >= v)
