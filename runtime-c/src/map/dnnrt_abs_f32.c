#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_abs_f32, float, v < 0.0f ? -v : v)
