#include "dnnrt_map.h"

DNNRT_MAP(dnnrt_is_nan_f32, uint8_t, v != v)
