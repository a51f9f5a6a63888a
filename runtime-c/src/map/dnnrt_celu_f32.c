#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_celu_f32, float, v < 0.0f ? p->alpha * dnnrt_expm1f(v / p->alpha) : v)
