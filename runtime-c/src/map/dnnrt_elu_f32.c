#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_elu_f32, float, v < 0.0f ? p->alpha * dnnrt_expm1f(v) : v)
