#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_shrink_f32, float, v < -p->beta ? v + p->alpha : v > p->beta ? v - p->alpha : 0.0f)
