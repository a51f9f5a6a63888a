#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_hard_swish_f32, float, v * (v < -3.0f ? 0.0f : v > 3.0f ? 1.0f : v / 6.0f + 0.5f))
