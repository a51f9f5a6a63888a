#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_gelu_f32, float, 0.5f * v * (1.0f + dnnrt_erff(v * 0.707106781f)))
