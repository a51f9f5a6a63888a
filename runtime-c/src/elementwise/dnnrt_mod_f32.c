#include "dnnrt_broadcast.h"

DNNRT_BROADCAST(dnnrt_mod_f32, float, float, dnnrt_modf(u, v))
