#include "dnnrt_element.h"

static int less(uint32_t type, int64_t u, int64_t v) {
  return type == DNNRT_U64 ? (uint64_t)u < (uint64_t)v : u < v;
}

static int64_t divide(uint32_t type, int64_t u, int64_t v) {
  if (v == 0) return 0;
  if (type == DNNRT_U64) return (int64_t)((uint64_t)u / (uint64_t)v);
  return v == -1 ? (int64_t)(0 - (uint64_t)u) : u / v;
}

static int64_t power(int64_t u, int64_t v) {
  uint64_t result = 1, base = (uint64_t)u;
  if (v < 0) return u == 1 ? 1 : u == -1 ? (v & 1 ? -1 : 1) : 0;
  for (; v != 0; v >>= 1, base *= base) {
    if (v & 1) result *= base;
  }
  return (int64_t)result;
}

/* Copies of the sign come from the left; by too far, or backwards, nothing else is left. */
static int64_t shift_right(uint32_t type, int64_t u, int64_t v) {
  const int out = v < 0 || v > 63;
  if (type == DNNRT_U64 || u >= 0) return out ? 0 : (int64_t)((uint64_t)u >> v);
  return out ? -1 : (int64_t)~(~(uint64_t)u >> v);
}

static int64_t combine(uint32_t operation, uint32_t type, int64_t u, int64_t v) {
  switch (operation) {
    case DNNRT_ADD:
      return (int64_t)((uint64_t)u + (uint64_t)v);
    case DNNRT_SUB:
      return (int64_t)((uint64_t)u - (uint64_t)v);
    case DNNRT_MUL:
      return (int64_t)((uint64_t)u * (uint64_t)v);
    case DNNRT_DIV:
      return divide(type, u, v);
    case DNNRT_FMOD:
    case DNNRT_MOD: {
      const int64_t rest = v == 0 ? 0 : (int64_t)((uint64_t)u - (uint64_t)divide(type, u, v) * (uint64_t)v);
      return operation == DNNRT_MOD && type != DNNRT_U64 && rest != 0 && (rest < 0) != (v < 0) ? rest + v : rest;
    }
    case DNNRT_MAX:
      return less(type, u, v) ? v : u;
    case DNNRT_MIN:
      return less(type, u, v) ? u : v;
    case DNNRT_POW:
      return power(u, v);
    case DNNRT_BITWISE_AND:
      return u & v;
    case DNNRT_BITWISE_OR:
      return u | v;
    case DNNRT_BITWISE_XOR:
      return u ^ v;
    case DNNRT_SHIFT_LEFT:
      return v < 0 || v > 63 ? 0 : (int64_t)((uint64_t)u << v);
    case DNNRT_SHIFT_RIGHT:
      return shift_right(type, u, v);
    case DNNRT_AND:
      return u != 0 && v != 0;
    case DNNRT_OR:
      return u != 0 || v != 0;
    case DNNRT_XOR:
      return (u != 0) != (v != 0);
    case DNNRT_EQUAL:
      return u == v;
    case DNNRT_GREATER:
      return less(type, v, u);
    case DNNRT_GREATER_OR_EQUAL:
      return !less(type, u, v);
    case DNNRT_LESS:
      return less(type, u, v);
    case DNNRT_LESS_OR_EQUAL:
      return !less(type, v, u);
    default:
      return u;
  }
}

/* y = a operation b on integers of any type with broadcasting; logic and comparisons store 0 or 1. */
void dnnrt_binary_int(const dnnrt_binary_int_t *p, const void *a, const void *b, void *y) {
  const dnnrt_broadcast_t *g = &p->broadcast;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  int32_t at = 0, i = 0, j = 0;
  for (int32_t axis = 0; axis >= 0;) {
    dnnrt_store(y, p->y_type, at++, combine(p->operation, p->type, dnnrt_load(a, p->type, i), dnnrt_load(b, p->b_type, j)));
    for (axis = g->rank - 1; axis >= 0; axis--) {
      i += g->a_stride[axis];
      j += g->b_stride[axis];
      if (++index[axis] < g->shape[axis]) break;
      i -= (int32_t)index[axis] * g->a_stride[axis];
      j -= (int32_t)index[axis] * g->b_stride[axis];
      index[axis] = 0;
    }
  }
}
