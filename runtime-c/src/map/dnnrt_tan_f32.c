#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_tan_f32, float, dnnrt_tanf(v))
