/*
 * Integer inference for batches of samples, in WebAssembly SIMD. Every result equals the reference operators of ops/integer
 * bit for bit. A step is a row of 32-bit words: the operation, then its arguments; addresses are bytes in linear memory.
 * Values are [sample][C][H][W] with `bytes per sample` between samples.
 */
#ifndef INTEGER_ENGINE_H
#define INTEGER_ENGINE_H

#include <stdint.h>
#include <wasm_simd128.h>

typedef int32_t word;

enum operation {
  OP_CONV,
  OP_DENSE,
  OP_MAX_POOL,
  OP_AVERAGE_POOL,
  OP_MEAN,
  OP_ADD,
  OP_MUL,
  OP_TABLE,
  OP_QUANTIZE,
  OP_DEQUANTIZE,
  OP_SOFTMAX
};

/* How accumulators become outputs: clamp(rhe(f32(acc + bias) * multiplier) + zero), or f32 when kind is 2. */
typedef struct {
  const int32_t *bias;
  const float *multiplier;
  int32_t zero;
  int32_t low;
  int32_t high;
  int32_t kind; /* 0: uint8, 1: int8, 2: float32 */
} requant_t;

/* One block of a matrix product: rows x pixels, k in pairs. See gemm.c for the layouts. */
void gemm_block(const int16_t *weights, const int16_t *columns, int32_t rows, int32_t pixels, int32_t pairs, int32_t pitch,
                const requant_t *requant, uint8_t *y, int32_t row_stride, int32_t pixel_stride);

void run_conv(const word *a, int32_t samples);
void run_dense(const word *a, int32_t samples);
void run_max_pool(const word *a, int32_t samples);
void run_average_pool(const word *a, int32_t samples);
void run_mean(const word *a, int32_t samples);
void run_add(const word *a, int32_t samples);
void run_mul(const word *a, int32_t samples);
void run_table(const word *a, int32_t samples);
void run_quantize(const word *a, int32_t samples);
void run_dequantize(const word *a, int32_t samples);
void run_softmax(const word *a, int32_t samples);

static inline int32_t minimum(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t maximum(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t saturate(int32_t v, int32_t low, int32_t high) { return v < low ? low : v > high ? high : v; }

static inline int32_t load_byte(const uint8_t *p, int32_t is_signed) { return is_signed ? *(const int8_t *)p : *p; }

/* Round half to even; the clamp keeps the conversion defined. */
static inline int32_t round_even(float v) {
  float bounded = v < -1e6f ? -1e6f : v > 1e6f ? 1e6f : v;
  return (int32_t)__builtin_nearbyintf(bounded);
}

static inline int32_t requantize(int32_t acc, float multiplier, int32_t zero, int32_t low, int32_t high) {
  return saturate(round_even((float)acc * multiplier) + zero, low, high);
}

#endif
