#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_reciprocal_f32, float, 1.0f / v)
