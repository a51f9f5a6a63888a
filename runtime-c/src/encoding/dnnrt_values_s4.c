#include "dnnrt_encoding.h"

/* Four bits for each value, -8..7. */
void dnnrt_values_s4(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values) {
  int16_t *to = values;
  const uint32_t end = at->value + n;
  for (uint32_t i = at->value; i < end; i++, to += sizeof(dnnrt_entry_s8_t) / sizeof *to) {
    const int32_t byte = ((const uint8_t *)w->values)[i >> 1];
    const int32_t nibble = i & 1u ? byte >> 4 : byte & 15;
    *to = (int16_t)((nibble ^ 8) - 8);
  }
  at->value = end;
}
