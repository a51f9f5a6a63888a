#include "dnnrt_element.h"

static double number(const void *x, uint32_t type, int32_t i) {
  if (type == DNNRT_F64) return ((const double *)x)[i];
  if (type == DNNRT_F32) return (double)((const float *)x)[i];
  const int64_t v = dnnrt_load(x, type, i);
  return type == DNNRT_U64 ? (double)(uint64_t)v : (double)v;
}

/* Toward zero; values out of range saturate, NaN gives 0. */
static int64_t integer(const dnnrt_cast_t *p, double v) {
  if (p->to == DNNRT_BOOL) return v != 0.0;
  if (v != v) return 0;
  if (p->to == DNNRT_U64) return v <= 0.0 ? 0 : v >= 18446744073709551616.0 ? -1 : (int64_t)(uint64_t)v;
  const int64_t q = v >= 9223372036854775808.0 ? INT64_MAX : v < -9223372036854775808.0 ? INT64_MIN : (int64_t)v;
  if (p->to >= DNNRT_I64) return q;
  return q < p->lo ? p->lo : q > p->hi ? p->hi : q;
}

/* Between double and any type. */
void dnnrt_cast_f64(const dnnrt_cast_t *p, const void *x, void *y) {
  for (int32_t i = 0; i < (int32_t)p->n; i++) {
    const double v = number(x, p->from, i);
    if (p->to == DNNRT_F64) ((double *)y)[i] = v;
    else if (p->to == DNNRT_F32) ((float *)y)[i] = (float)v;
    else dnnrt_store(y, p->to == DNNRT_BOOL ? DNNRT_U8 : p->to, i, integer(p, v));
  }
}
