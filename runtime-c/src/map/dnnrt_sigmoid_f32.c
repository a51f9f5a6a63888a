#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_sigmoid_f32, float, dnnrt_sigmoidf(v))
