#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_hard_sigmoid_f32, float, p->alpha * v + p->beta < 0.0f ? 0.0f : p->alpha * v + p->beta > 1.0f ? 1.0f : p->alpha * v + p->beta)
