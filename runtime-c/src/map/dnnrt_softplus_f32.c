#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_softplus_f32, float, dnnrt_softplusf(v))
