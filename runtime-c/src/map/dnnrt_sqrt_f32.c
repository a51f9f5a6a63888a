#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_sqrt_f32, float, dnnrt_sqrtf(v))
