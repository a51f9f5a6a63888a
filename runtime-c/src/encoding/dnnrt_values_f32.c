#include "dnnrt_encoding.h"

/* Single precision. */
void dnnrt_values_f32(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values) {
  const float *from = (const float *)w->values + at->value;
  float *to = values;
  at->value += n;
  for (uint32_t i = 0; i < n; i++, to += sizeof(dnnrt_entry_f32_t) / sizeof *to) *to = *from++;
}
