#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_neg_f32, float, -v)
