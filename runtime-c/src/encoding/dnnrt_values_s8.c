#include "dnnrt_encoding.h"

/* One byte for each value. */
void dnnrt_values_s8(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values) {
  const int8_t *from = (const int8_t *)w->values + at->value;
  int16_t *to = values;
  at->value += n;
  for (uint32_t i = 0; i < n; i++, to += sizeof(dnnrt_entry_s8_t) / sizeof *to) *to = *from++;
}
