#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_leaky_relu_f32, float, v < 0.0f ? p->alpha * v : v)
