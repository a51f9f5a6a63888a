#include "dnnrt_encoding.h"

/* Fully connected layer over encoded weights. x [rows, in_n], y [rows, out_n]; row: room for the fullest row of weights. */
void dnnrt_fc_encoded_f32(const dnnrt_fc_encoded_f32_t *p, const float *x, float *y, void *row) {
  dnnrt_cursor_t at = {0, 0, 0};
  for (uint32_t o = 0; o < p->weights.rows; o++) {
    const dnnrt_entry_f32_t *entries = row;
    const dnnrt_entry_f32_t *end = entries + dnnrt_decode_f32(&p->weights, &at, row);
    for (uint32_t r = 0; r < p->rows; r++) {
      const float *from = x + r * p->weights.columns;
      float v = 0.0f;
      for (const dnnrt_entry_f32_t *entry = entries; entry < end; entry++) v += from[entry->place] * entry->value;
      if (p->bias) v += p->bias[o];
      y[r * p->weights.rows + o] = v < p->lo ? p->lo : v > p->hi ? p->hi : v;
    }
  }
}
