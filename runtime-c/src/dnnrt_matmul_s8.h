/*
 * Inside the library: products of int8 matrices that are both computed at run time, requantized. Columns of b less their zero point are laid out
 * in blocks of 4, [k][column], zeros behind the last, and each row of a in the same way beside them: the inner loop walks both in order.
 * A cell holds one value, or two of neighbouring k as halves of a word.
 */
#ifndef DNNRT_MATMUL_S8_H
#define DNNRT_MATMUL_S8_H

#include "dnnrt_requantize_channel.h"

#define DNNRT_COLUMNS 4

/* The product of a row and a block: sums of DNNRT_COLUMNS columns over the cells a up to end. */
typedef void (*dnnrt_block_t)(const uint32_t *a, const uint32_t *b, const uint32_t *end, int32_t *sums);

/* k values at steps to every step_to-th cell; `paired`: two values a cell. */
static inline void dnnrt_to_cells(const int8_t *x, int32_t step, uint32_t k, int32_t zero, uint32_t *cells, int32_t step_to, int paired) {
  if (!paired) {
    for (; k > 0; k--, x += step, cells += step_to) *cells = (uint32_t)(*x - zero);
    return;
  }
  for (; k > 1; k -= 2, x += 2 * step, cells += step_to) *cells = (uint32_t)(uint16_t)(x[0] - zero) | (uint32_t)(x[step] - zero) << 16;
  if (k > 0) *cells = (uint32_t)(uint16_t)(*x - zero);
}

static inline void dnnrt_zero_cells(uint32_t n, uint32_t *cells) {
  for (; n > 0; n--, cells += DNNRT_COLUMNS) *cells = 0;
}

/* All rows of one a with the columns in `packed`, `n` of them, to y. */
static inline void dnnrt_rows_s8(
    const dnnrt_matmul_s8_t *p, const int8_t *a, uint32_t *row, const uint32_t *packed, uint32_t cells, uint32_t from, uint32_t n, int8_t *y,
    int paired, dnnrt_block_t multiply) {
  const int32_t zero = p->y_zero, lo = p->lo, hi = p->hi;
  const uint32_t step = p->column_step;
  const float *multiplier = p->multiplier + from * step;
  for (uint32_t i = 0; i < p->m; i++, a += p->a_row, y += p->n, multiplier += p->row_step) {
    dnnrt_channel_t channel = dnnrt_channel(*multiplier);
    const uint32_t *block = packed;
    dnnrt_to_cells(a, p->a_column, p->k, p->a_zero, row, 1, paired);
    for (uint32_t j = 0; j < n; j += DNNRT_COLUMNS, block += DNNRT_COLUMNS * cells) {
      int32_t sums[DNNRT_COLUMNS];
      int8_t *to = y + j;
      multiply(row, block, row + cells, sums);
      if (step == 0 && n - j >= DNNRT_COLUMNS) {
        to[0] = (int8_t)dnnrt_requantize_by(&channel, sums[0], zero, lo, hi);
        to[1] = (int8_t)dnnrt_requantize_by(&channel, sums[1], zero, lo, hi);
        to[2] = (int8_t)dnnrt_requantize_by(&channel, sums[2], zero, lo, hi);
        to[3] = (int8_t)dnnrt_requantize_by(&channel, sums[3], zero, lo, hi);
        continue;
      }
      for (uint32_t c = 0; c < DNNRT_COLUMNS && j + c < n; c++) {
        if (step) channel = dnnrt_channel(multiplier[j + c]);
        to[c] = (int8_t)dnnrt_requantize_by(&channel, sums[c], zero, lo, hi);
      }
    }
  }
}

static inline void dnnrt_product_s8(
    const dnnrt_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y, uint32_t *scratch, int paired, dnnrt_block_t multiply) {
  const uint32_t cells = paired ? (p->k + 1) / 2 : p->k;
  uint32_t *row = scratch, *packed = scratch + cells;
  for (uint32_t from = 0; from < p->n; from += p->chunk) {
    const uint32_t n = p->n - from < p->chunk ? p->n - from : p->chunk;
    for (uint32_t j = 0; j < n || j % DNNRT_COLUMNS > 0; j++) {
      uint32_t *to = packed + j / DNNRT_COLUMNS * DNNRT_COLUMNS * cells + j % DNNRT_COLUMNS;
      if (j < n) dnnrt_to_cells(b + (int32_t)(from + j) * p->b_column, p->b_row, p->k, p->b_zero, to, DNNRT_COLUMNS, paired);
      else dnnrt_zero_cells(cells, to);
    }
    dnnrt_rows_s8(p, a, row, packed, cells, from, n, y + from, paired, multiply);
  }
}

/* Every product of the batch; b is laid out again for each. */
static inline void dnnrt_products_s8(
    const dnnrt_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y, void *scratch, int paired, dnnrt_block_t multiply) {
  const dnnrt_broadcast_t *batch = &p->batch;
  uint32_t index[DNNRT_MAX_RANK] = {0};
  for (int32_t axis = 0; axis >= 0; y += p->m * p->n) {
    dnnrt_product_s8(p, a, b, y, (uint32_t *)scratch, paired, multiply);
    for (axis = batch->rank - 1; axis >= 0; axis--) {
      a += batch->a_stride[axis];
      b += batch->b_stride[axis];
      if (++index[axis] < batch->shape[axis]) break;
      a -= (int32_t)index[axis] * batch->a_stride[axis];
      b -= (int32_t)index[axis] * batch->b_stride[axis];
      index[axis] = 0;
    }
  }
}

#endif
