#include "dnnrt_broadcast.h"

DNNRT_BROADCAST(dnnrt_fmod_f32, float, float, dnnrt_fmodf(u, v))
