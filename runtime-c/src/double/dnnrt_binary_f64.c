#include "dnnrt.h"

static double arithmetic(uint32_t operation, double u, double v) {
  switch (operation) {
    case DNNRT_ADD:
      return u + v;
    case DNNRT_SUB:
      return u - v;
    case DNNRT_MUL:
      return u * v;
    case DNNRT_DIV:
      return u / v;
    case DNNRT_MAX:
      return u > v || u != u ? u : v;
    case DNNRT_MIN:
      return u < v || u != u ? u : v;
    default: { /* DNNRT_FMOD, DNNRT_MOD */
      const double rest = dnnrt_fmod_f64(u, v);
      return operation == DNNRT_MOD && rest != 0.0 && (rest < 0.0) != (v < 0.0) ? rest + v : rest;
    }
  }
}

static int compare(uint32_t operation, double u, double v) {
  switch (operation) {
    case DNNRT_EQUAL:
      return u == v;
    case DNNRT_GREATER:
      return u > v;
    case DNNRT_GREATER_OR_EQUAL:
      return u >= v;
    case DNNRT_LESS:
      return u < v;
    default: /* DNNRT_LESS_OR_EQUAL */
      return u <= v;
  }
}

/* y = a operation b on doubles with broadcasting; comparisons store bytes of 0 or 1. */
void dnnrt_binary_f64(const dnnrt_binary_int_t *p, const double *a, const double *b, void *y) {
  const dnnrt_broadcast_t *g = &p->broadcast;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  int32_t at = 0;
  for (int32_t axis = 0; axis >= 0; at++) {
    if (p->operation >= DNNRT_EQUAL) ((uint8_t *)y)[at] = (uint8_t)compare(p->operation, *a, *b);
    else ((double *)y)[at] = arithmetic(p->operation, *a, *b);
    for (axis = g->rank - 1; axis >= 0; axis--) {
      a += g->a_stride[axis];
      b += g->b_stride[axis];
      if (++index[axis] < g->shape[axis]) break;
      a -= (int32_t)index[axis] * g->a_stride[axis];
      b -= (int32_t)index[axis] * g->b_stride[axis];
      index[axis] = 0;
    }
  }
}
