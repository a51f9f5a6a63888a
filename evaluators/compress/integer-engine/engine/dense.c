/*
 * Product of a [rows, depth] matrix per sample with constant weights [outputs, depth]. The rows of all samples are the pixels of
 * one product, so that the weights are read once per batch.
 * x y rows depth outputs xZero xSigned weights bias multiplier yZero low high kind columns pitch
 */
#include "engine.h"

void run_dense(const word *a, int32_t samples) {
  const uint8_t *x = (const uint8_t *)a[0];
  int32_t rows = a[2] * samples, depth = a[3], outputs = a[4], zero = a[5], is_signed = a[6], pitch = a[15];
  requant_t requant = {(const int32_t *)a[8], (const float *)a[9], a[10], a[11], a[12], a[13]};
  int16_t *columns = (int16_t *)a[14];
  int32_t pairs = (depth + 1) / 2;
  for (int32_t r = 0; r < rows; r++) {
    const uint8_t *row = x + r * depth;
    int16_t *to = columns + 2 * r;
    for (int32_t k = 0; k < depth; k++) {
      to[(k >> 1) * pitch * 2 + (k & 1)] = (int16_t)(load_byte(row + k, is_signed) - zero);
    }
    if (depth & 1) to[(pairs - 1) * pitch * 2 + 1] = 0;
  }
  gemm_block((const int16_t *)a[7], columns, outputs, rows, pairs, pitch, &requant, (uint8_t *)a[1], 1, outputs);
}
