#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_cos_f32, float, dnnrt_cosf(v))
