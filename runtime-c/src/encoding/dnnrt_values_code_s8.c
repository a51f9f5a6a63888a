#include "dnnrt_encoding.h"

/* value_bits bits for each value: its index in the table of shared values. */
void dnnrt_values_code_s8(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values) {
  const int8_t *table = w->table;
  int16_t *to = values;
  for (uint32_t i = 0; i < n; i++, to += sizeof(dnnrt_entry_s8_t) / sizeof *to) {
    *to = table[dnnrt_bits(w->values, at->value, w->value_bits)];
    at->value += w->value_bits;
  }
}
