#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_acosh_f32, float, dnnrt_acoshf(v))
