#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_atan_f32, float, dnnrt_atanf(v))
