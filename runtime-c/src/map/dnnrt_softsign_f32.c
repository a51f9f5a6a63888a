#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_softsign_f32, float, v / (1.0f + (v < 0.0f ? -v : v)))
