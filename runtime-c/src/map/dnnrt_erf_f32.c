#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_erf_f32, float, dnnrt_erff(v))
