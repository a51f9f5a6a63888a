#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_acos_f32, float, dnnrt_acosf(v))
