#include "dnnrt_encoding.h"
#include "dnnrt_requantize.h"

/* Fully connected layer over bytes in 16-bit columns (dnnrt_places_crs16). x [rows, in_n], y [rows, out_n]. */
void dnnrt_fc_crs16_s8(const dnnrt_fc_encoded_s8_t *p, const int8_t *x, int8_t *y) {
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t x_zero = p->x_zero;
  for (uint32_t r = 0; r < p->rows; r++, x += p->weights.columns) {
    const uint8_t *places = p->weights.places;
    const int8_t *w = p->weights.values;
    for (uint32_t o = 0; o < p->weights.rows; o++) {
      const int32_t w_zero = p->weight_zero ? p->weight_zero[o * p->weight_zero_step] : 0;
      int32_t sum = p->bias ? p->bias[o] : 0;
      const uint8_t *end = places + 2 * dnnrt_row_count(&p->weights, o);
      for (; places < end; places += 2) sum += (x[places[0] | places[1] << 8] - x_zero) * (*w++ - w_zero);
      *y++ = (int8_t)dnnrt_requantize(sum, q->multiplier[o * q->per_channel], q->y_zero, q->lo, q->hi);
    }
  }
}
