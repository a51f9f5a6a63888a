#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_thresholded_relu_f32, float, v > p->alpha ? v : 0.0f)
