#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_gelu_tanh_f32, float, 0.5f * v * (1.0f + dnnrt_tanhf(0.797884561f * (v + 0.044715f * v * v * v))))
