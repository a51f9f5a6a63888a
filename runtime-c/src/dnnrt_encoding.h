/* Inside the library: reading of bit fields, rows decoded into entries, and sums over entries. */
#ifndef DNNRT_ENCODING_H
#define DNNRT_ENCODING_H

#include "dnnrt.h"

/* A weight of a decoded row: its column (later the place of its input, in elements) and its value. */
typedef struct {
  uint16_t place;
  int16_t value;
} dnnrt_entry_s8_t;

typedef struct {
  uint16_t place;
  float value;
} dnnrt_entry_f32_t;

/* A field of at most 8 bits at bit `at`; fields lie one after the other from the lowest bit of each byte. */
static inline uint32_t dnnrt_bits(const uint8_t *stream, uint32_t at, uint32_t width) {
  const uint32_t shift = at & 7u;
  const uint8_t *byte = stream + (at >> 3);
  uint32_t field = (uint32_t)byte[0] >> shift;
  if (shift + width > 8) field |= (uint32_t)byte[1] << (8 - shift);
  return field & ((1u << width) - 1u);
}

static inline uint32_t dnnrt_row_count(const dnnrt_encoded_t *w, uint32_t row) {
  return w->count_bytes == 1 ? ((const uint8_t *)w->counts)[row] : ((const uint16_t *)w->counts)[row];
}

static inline uint32_t dnnrt_decode_s8(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, int32_t w_zero, dnnrt_entry_s8_t *row) {
  const uint32_t n = w->read_places(w, at, &row->place, sizeof *row / sizeof row->place);
  w->read_values(w, at, n, &row->value);
  if (w_zero != 0)
    for (uint32_t i = 0; i < n; i++) row[i].value = (int16_t)(row[i].value - w_zero);
  at->row++;
  return n;
}

static inline uint32_t dnnrt_decode_f32(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, dnnrt_entry_f32_t *row) {
  const uint32_t n = w->read_places(w, at, &row->place, sizeof *row / sizeof row->place);
  w->read_values(w, at, n, &row->value);
  at->row++;
  return n;
}

#endif
