#include "dnnrt_element.h"

/* Float to integer, toward zero; values out of range saturate to [lo, hi], NaN gives 0. To bool: 1 for anything but 0. */
void dnnrt_cast_f32_int(const dnnrt_cast_t *p, const float *x, void *y) {
  for (int32_t i = 0; i < (int32_t)p->n; i++) {
    const float v = x[i];
    int64_t q;
    if (p->to == DNNRT_BOOL) q = v != 0.0f;
    else if (v != v) q = 0;
    else if (p->to == DNNRT_U64) q = v <= 0.0f ? 0 : v >= 18446744073709551616.0f ? -1 : (int64_t)(uint64_t)v;
    else q = v >= 9223372036854775808.0f ? INT64_MAX : v < -9223372036854775808.0f ? INT64_MIN : (int64_t)v;
    if (p->to < DNNRT_I64) q = q < p->lo ? p->lo : q > p->hi ? p->hi : q;
    dnnrt_store(y, p->to == DNNRT_BOOL ? DNNRT_U8 : p->to, i, q);
  }
}
