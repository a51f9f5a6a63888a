#include "dnnrt_element.h"

static int64_t combine_int(uint32_t reduction, int64_t u, int64_t v) {
  switch (reduction) {
    case DNNRT_SCATTER_ADD:
      return (int64_t)((uint64_t)u + (uint64_t)v);
    case DNNRT_SCATTER_MUL:
      return (int64_t)((uint64_t)u * (uint64_t)v);
    case DNNRT_SCATTER_MAX:
      return u > v ? u : v;
    case DNNRT_SCATTER_MIN:
      return u < v ? u : v;
    default:
      return v;
  }
}

static float combine_float(uint32_t reduction, float u, float v) {
  switch (reduction) {
    case DNNRT_SCATTER_ADD:
      return u + v;
    case DNNRT_SCATTER_MUL:
      return u * v;
    case DNNRT_SCATTER_MAX:
      return u > v ? u : v;
    case DNNRT_SCATTER_MIN:
      return u < v ? u : v;
    default:
      return v;
  }
}

/* y[at] = y[at] combined with updates[from], on float32 or integers of any type. */
void dnnrt_scatter_update(uint32_t type, uint32_t reduction, void *y, int32_t at, const void *updates, int32_t from) {
  if (type == DNNRT_F32) {
    float *f = y;
    f[at] = combine_float(reduction, f[at], ((const float *)updates)[from]);
  } else {
    dnnrt_store(y, type, at, combine_int(reduction, dnnrt_load(y, type, at), dnnrt_load(updates, type, from)));
  }
}
