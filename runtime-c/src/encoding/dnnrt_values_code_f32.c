#include "dnnrt_encoding.h"

/* value_bits bits for each value: its index in the table of shared values. */
void dnnrt_values_code_f32(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values) {
  const float *table = w->table;
  float *to = values;
  for (uint32_t i = 0; i < n; i++, to += sizeof(dnnrt_entry_f32_t) / sizeof *to) {
    *to = table[dnnrt_bits(w->values, at->value, w->value_bits)];
    at->value += w->value_bits;
  }
}
