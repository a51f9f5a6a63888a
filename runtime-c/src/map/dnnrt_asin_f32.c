#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_asin_f32, float, dnnrt_asinf(v))
