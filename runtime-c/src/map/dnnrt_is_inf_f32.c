#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_is_inf_f32, uint8_t, (v == INFINITY && p->beta != 0.0f) || (v == -INFINITY && p->alpha != 0.0f))
