/* Element by element operators. */
#include "engine.h"

/*
 * x1 x2 y count signed1 signed2 table1 table2 low high: rhe(fma(...)) as one table lookup per operand. table1 holds doubles a * ra,
 * exact; table2 holds floats fma(b, rb, fixed); their sum in double precision rounds once to float.
 */
void run_add(const word *a, int32_t samples) {
  const uint8_t *x1 = (const uint8_t *)a[0], *x2 = (const uint8_t *)a[1];
  uint8_t *y = (uint8_t *)a[2];
  const double *table1 = (const double *)a[6];
  const float *table2 = (const float *)a[7];
  for (int32_t i = 0; i < a[3] * samples; i++) {
    float sum = (float)(table1[load_byte(x1 + i, a[4]) + (a[4] ? 128 : 0)] +
                        (double)table2[load_byte(x2 + i, a[5]) + (a[5] ? 128 : 0)]);
    y[i] = (uint8_t)saturate(round_even(sum), a[8], a[9]);
  }
}

/* x1 x2 y count signed1 signed2 zero1 zero2 ratio yZero low high inner: x2 repeats every element `inner` times */
void run_mul(const word *a, int32_t samples) {
  const uint8_t *x1 = (const uint8_t *)a[0], *x2 = (const uint8_t *)a[1];
  uint8_t *y = (uint8_t *)a[2];
  float ratio = *(const float *)&a[8], zero = (float)a[9];
  for (int32_t i = 0; i < a[3] * samples; i++) {
    int32_t product = (load_byte(x1 + i, a[4]) - a[6]) * (load_byte(x2 + i / a[12], a[5]) - a[7]);
    float scaled = (float)product * ratio;
    y[i] = (uint8_t)saturate(round_even(scaled + zero), a[10], a[11]);
  }
}

/* x y count table: table[byte] */
void run_table(const word *a, int32_t samples) {
  const uint8_t *x = (const uint8_t *)a[0], *table = (const uint8_t *)a[3];
  uint8_t *y = (uint8_t *)a[1];
  for (int32_t i = 0; i < a[2] * samples; i++) y[i] = table[x[i]];
}

/* x y count scale zero low high: float to integer */
void run_quantize(const word *a, int32_t samples) {
  const float *x = (const float *)a[0];
  uint8_t *y = (uint8_t *)a[1];
  float scale = *(const float *)&a[3];
  for (int32_t i = 0; i < a[2] * samples; i++) {
    float v = x[i] / scale;
    y[i] = (uint8_t)saturate(v != v ? a[4] : round_even(v) + a[4], a[5], a[6]);
  }
}

/* x y count table: dequantized value of each byte */
void run_dequantize(const word *a, int32_t samples) {
  const uint8_t *x = (const uint8_t *)a[0];
  float *y = (float *)a[1];
  const float *table = (const float *)a[3];
  for (int32_t i = 0; i < a[2] * samples; i++) y[i] = table[x[i]];
}

/* x y rows length signed table inverse yZero low high: rows of consecutive values */
void run_softmax(const word *a, int32_t samples) {
  const uint8_t *x = (const uint8_t *)a[0];
  uint8_t *y = (uint8_t *)a[1];
  const float *table = (const float *)a[5];
  int32_t length = a[3];
  float inverse = *(const float *)&a[6];
  for (int32_t row = 0; row < a[2] * samples; row++, x += length, y += length) {
    int32_t best = -256;
    for (int32_t i = 0; i < length; i++) best = maximum(best, load_byte(x + i, a[4]));
    float sum = 0;
    for (int32_t i = 0; i < length; i++) sum += table[load_byte(x + i, a[4]) + 255 - best];
    for (int32_t i = 0; i < length; i++) {
      float share = table[load_byte(x + i, a[4]) + 255 - best] * inverse / sum;
      y[i] = (uint8_t)saturate(round_even(share) + a[7], a[8], a[9]);
    }
  }
}
