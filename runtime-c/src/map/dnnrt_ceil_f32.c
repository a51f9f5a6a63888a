#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_ceil_f32, float, dnnrt_ceilf(v))
