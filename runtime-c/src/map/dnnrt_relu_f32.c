#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_relu_f32, float, v < 0.0f ? 0.0f : v)
