#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_selu_f32, float, v > 0.0f ? p->beta * v : p->beta * p->alpha * dnnrt_expm1f(v))
