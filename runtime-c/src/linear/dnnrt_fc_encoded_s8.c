#include "dnnrt_encoding.h"
#include "dnnrt_requantize.h"

static uint32_t dot(const dnnrt_entry_s8_t *entry, const dnnrt_entry_s8_t *end, const int8_t *x, int32_t x_zero) {
  uint32_t sum = 0;
  for (; entry < end; entry++) sum += (uint32_t)((x[entry->place] - x_zero) * entry->value);
  return sum;
}

/* Fully connected layer over encoded weights. x [rows, in_n], y [rows, out_n]; row: room for the fullest row of weights. */
void dnnrt_fc_encoded_s8(const dnnrt_fc_encoded_s8_t *p, const int8_t *x, int8_t *y, void *row) {
  const dnnrt_requantize_t *q = &p->requantize;
  dnnrt_cursor_t at = {0, 0, 0};
  for (uint32_t o = 0; o < p->weights.rows; o++) {
    const int32_t w_zero = p->weight_zero ? p->weight_zero[o * p->weight_zero_step] : 0;
    const dnnrt_entry_s8_t *entries = row;
    const dnnrt_entry_s8_t *end = entries + dnnrt_decode_s8(&p->weights, &at, w_zero, row);
    const uint32_t bias = p->bias ? (uint32_t)p->bias[o] : 0;
    for (uint32_t r = 0; r < p->rows; r++) {
      const int32_t sum = (int32_t)(bias + dot(entries, end, x + r * p->weights.columns, p->x_zero));
      y[r * p->weights.rows + o] =
          (int8_t)dnnrt_requantize(sum, q->multiplier[o * q->per_channel], q->y_zero, q->lo, q->hi);
    }
  }
}
