#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_mish_f32, float, v * dnnrt_tanhf(dnnrt_softplusf(v)))
