#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_tanh_f32, float, dnnrt_tanhf(v))
