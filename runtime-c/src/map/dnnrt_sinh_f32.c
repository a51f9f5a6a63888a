#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_sinh_f32, float, dnnrt_sinhf(v))
