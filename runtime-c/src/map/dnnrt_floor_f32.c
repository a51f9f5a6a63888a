#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_floor_f32, float, dnnrt_floorf(v))
