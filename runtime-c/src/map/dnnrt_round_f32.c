#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_round_f32, float, dnnrt_roundf(v))
