#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_cosh_f32, float, dnnrt_coshf(v))
