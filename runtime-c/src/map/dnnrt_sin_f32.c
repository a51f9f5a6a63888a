#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_sin_f32, float, dnnrt_sinf(v))
