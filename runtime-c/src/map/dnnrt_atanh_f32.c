#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_atanh_f32, float, dnnrt_atanhf(v))
