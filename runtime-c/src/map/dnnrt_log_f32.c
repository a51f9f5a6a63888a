#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_log_f32, float, dnnrt_logf(v))
