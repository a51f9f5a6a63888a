/* Inside the library: reading and writing integer elements of any type, for operators too rare to have a kernel per type. */
#ifndef DNNRT_ELEMENT_H
#define DNNRT_ELEMENT_H

#include "dnnrt.h"

/* Element i as int64; uint64 keeps its bits. */
static inline int64_t dnnrt_load(const void *x, uint32_t type, int32_t i) {
  switch (type) {
    case DNNRT_I8:
      return ((const int8_t *)x)[i];
    case DNNRT_U8:
      return ((const uint8_t *)x)[i];
    case DNNRT_I16:
      return ((const int16_t *)x)[i];
    case DNNRT_U16:
      return ((const uint16_t *)x)[i];
    case DNNRT_I32:
      return ((const int32_t *)x)[i];
    case DNNRT_U32:
      return ((const uint32_t *)x)[i];
    default:
      return ((const int64_t *)x)[i];
  }
}

/* Index i of an axis counted from its front, or -1 when it is outside: indices may come from the inputs of a network. */
static inline int32_t dnnrt_index(int64_t i, uint32_t size) {
  if (i < 0) i += size;
  return i < 0 || i >= (int64_t)size ? -1 : (int32_t)i;
}

/* Stores the low bits of v as element i. */
static inline void dnnrt_store(void *y, uint32_t type, int32_t i, int64_t v) {
  switch (type) {
    case DNNRT_I8:
    case DNNRT_U8:
      ((uint8_t *)y)[i] = (uint8_t)v;
      break;
    case DNNRT_I16:
    case DNNRT_U16:
      ((uint16_t *)y)[i] = (uint16_t)v;
      break;
    case DNNRT_I32:
    case DNNRT_U32:
      ((uint32_t *)y)[i] = (uint32_t)v;
      break;
    default:
      ((int64_t *)y)[i] = v;
  }
}

#endif
