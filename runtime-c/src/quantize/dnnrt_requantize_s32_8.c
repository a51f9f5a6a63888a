#include "dnnrt_requantize.h"

/* int32 sums [outer, rows, columns] to 8 bits; the multiplier is per row, per column, or one. bias [columns] may be null. */
void dnnrt_requantize_s32_8(const dnnrt_requantize_s32_t *p, const int32_t *x, int8_t *y) {
  for (uint32_t o = 0; o < p->outer; o++) {
    for (uint32_t i = 0; i < p->rows; i++) {
      for (uint32_t j = 0; j < p->columns; j++) {
        const float multiplier = p->multiplier[i * p->row_step + j * p->column_step];
        const int32_t sum = *x++ + (p->bias ? p->bias[j] : 0);
        *y++ = (int8_t)dnnrt_requantize(sum, multiplier, p->y_zero, p->lo, p->hi);
      }
    }
  }
}
