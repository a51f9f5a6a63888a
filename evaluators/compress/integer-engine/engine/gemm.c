/*
 * Matrix product of int16 weights and int16 columns with int32 sums, then requantization.
 *
 * columns: [pair][pixel][2], `pitch` pixels per pair row; weights: blocks of 4 rows, [block][pair][4][2], the last block filled
 * up with zero rows; a single row is stored as [pair][2]. One dot instruction multiplies two k of four pixels.
 */
#include "engine.h"

enum { TILE_ROWS = 4, TILE_PIXELS = 8 };

static inline v128_t splat_pair(const int16_t *w) { return wasm_v128_load32_splat(w); }

static inline void tile_4x8(const int16_t *w, const int16_t *x, int32_t pairs, int32_t pitch, v128_t acc[8]) {
  v128_t a0 = wasm_i32x4_const_splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  for (int32_t k = 0; k < pairs; k++, w += 8, x += 2 * pitch) {
    v128_t x0 = wasm_v128_load(x), x1 = wasm_v128_load(x + 8), s;
    s = splat_pair(w);
    a0 = wasm_i32x4_add(a0, wasm_i32x4_dot_i16x8(x0, s));
    a1 = wasm_i32x4_add(a1, wasm_i32x4_dot_i16x8(x1, s));
    s = splat_pair(w + 2);
    b0 = wasm_i32x4_add(b0, wasm_i32x4_dot_i16x8(x0, s));
    b1 = wasm_i32x4_add(b1, wasm_i32x4_dot_i16x8(x1, s));
    s = splat_pair(w + 4);
    c0 = wasm_i32x4_add(c0, wasm_i32x4_dot_i16x8(x0, s));
    c1 = wasm_i32x4_add(c1, wasm_i32x4_dot_i16x8(x1, s));
    s = splat_pair(w + 6);
    d0 = wasm_i32x4_add(d0, wasm_i32x4_dot_i16x8(x0, s));
    d1 = wasm_i32x4_add(d1, wasm_i32x4_dot_i16x8(x1, s));
  }
  acc[0] = a0, acc[1] = a1, acc[2] = b0, acc[3] = b1, acc[4] = c0, acc[5] = c1, acc[6] = d0, acc[7] = d1;
}

static inline void tile_1x8(const int16_t *w, const int16_t *x, int32_t pairs, int32_t pitch, v128_t acc[2]) {
  v128_t a0 = wasm_i32x4_const_splat(0), a1 = a0;
  for (int32_t k = 0; k < pairs; k++, w += 2, x += 2 * pitch) {
    v128_t s = splat_pair(w);
    a0 = wasm_i32x4_add(a0, wasm_i32x4_dot_i16x8(wasm_v128_load(x), s));
    a1 = wasm_i32x4_add(a1, wasm_i32x4_dot_i16x8(wasm_v128_load(x + 8), s));
  }
  acc[0] = a0, acc[1] = a1;
}

static inline v128_t scaled(v128_t acc, int32_t bias, float multiplier) {
  return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_add(acc, wasm_i32x4_splat(bias))),
                        wasm_f32x4_splat(multiplier));
}

static inline v128_t to_integer(v128_t value, const requant_t *q) {
  v128_t low = wasm_f32x4_splat((float)(q->low - q->zero)), high = wasm_f32x4_splat((float)(q->high - q->zero));
  v128_t rounded = wasm_f32x4_nearest(wasm_f32x4_min(wasm_f32x4_max(value, low), high));
  return wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(rounded), wasm_i32x4_splat(q->zero));
}

/* Stores up to 8 pixels of one row. */
static inline void finish_row(v128_t acc0, v128_t acc1, int32_t row, int32_t count, const requant_t *q, uint8_t *y,
                              int32_t pixel_stride) {
  v128_t v0 = scaled(acc0, q->bias[row], q->multiplier[row]), v1 = scaled(acc1, q->bias[row], q->multiplier[row]);
  if (q->kind == 2) {
    float values[8];
    wasm_v128_store(values, v0);
    wasm_v128_store(values + 4, v1);
    for (int32_t i = 0; i < count; i++) ((float *)y)[i * pixel_stride] = values[i];
    return;
  }
  v128_t words = wasm_i16x8_narrow_i32x4(to_integer(v0, q), to_integer(v1, q));
  v128_t bytes = q->kind == 1 ? wasm_i8x16_narrow_i16x8(words, words) : wasm_u8x16_narrow_i16x8(words, words);
  if (pixel_stride == 1 && count == TILE_PIXELS) {
    wasm_v128_store64_lane(y, bytes, 0);
    return;
  }
  uint8_t values[16];
  wasm_v128_store(values, bytes);
  for (int32_t i = 0; i < count; i++) y[i * pixel_stride] = values[i];
}

void gemm_block(const int16_t *weights, const int16_t *columns, int32_t rows, int32_t pixels, int32_t pairs, int32_t pitch,
                const requant_t *requant, uint8_t *y, int32_t row_stride, int32_t pixel_stride) {
  int32_t size = requant->kind == 2 ? 4 : 1;
  v128_t acc[8];
  for (int32_t row = 0; row < rows; row += TILE_ROWS) {
    const int16_t *w = weights + row * pairs * 2;
    int32_t height = minimum(TILE_ROWS, rows - row);
    for (int32_t p = 0; p < pixels; p += TILE_PIXELS) {
      if (rows == 1) tile_1x8(w, columns + 2 * p, pairs, pitch, acc);
      else tile_4x8(w, columns + 2 * p, pairs, pitch, acc);
      int32_t count = minimum(TILE_PIXELS, pixels - p);
      for (int32_t r = 0; r < height; r++) {
        uint8_t *out = y + (int64_t)size * ((row + r) * row_stride + p * pixel_stride);
        finish_row(acc[2 * r], acc[2 * r + 1], row + r, count, requant, out, pixel_stride);
      }
    }
  }
}
