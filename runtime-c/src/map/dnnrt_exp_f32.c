#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_exp_f32, float, dnnrt_expf(v))
