#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_sign_f32, float, v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v)
