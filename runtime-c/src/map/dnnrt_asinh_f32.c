#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_asinh_f32, float, dnnrt_asinhf(v))
