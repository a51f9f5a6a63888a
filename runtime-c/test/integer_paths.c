/* Compares the integer forms of add, multiply, average, softmax, quantize and dequantize with their float definitions. Argument: number of rounds. */
#include "dnnrt_round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 256

static uint32_t state = 1;

static uint32_t draw(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return (uint32_t)(((uint64_t)state * below) >> 32);
}

static float draw_scale(void) {
  const float power = 1.0f / (float)(1u << draw(12));
  return draw(3) == 0 ? power : power * (1.0f + (float)draw(1u << 23) / (float)(1u << 23));
}

static int check_add(void) {
  int8_t a[N], b[N], y[N];
  const dnnrt_add_s8_t p = {
      N, draw_scale() * 4.5f, draw_scale() * 2.0f, ((float)draw(4096) - 2048.0f) / 4.0f, (int16_t)(draw(512) - 256), (int16_t)(draw(512) - 256),
      (int16_t)(draw(2) * 128), (int16_t)(draw(2) * 128 - 128), (int16_t)(127 + draw(2) * 128)};
  int bad = 0;
  for (int i = 0; i < N; i++) {
    a[i] = (int8_t)draw(256);
    b[i] = (int8_t)draw(256);
  }
  dnnrt_add_s8(&p, a, b, y);
  for (int i = 0; i < N; i++) {
    const float part = dnnrt_fused_f32(b[i] + p.b_shift, p.b_ratio, p.fixed);
    const float sum = dnnrt_fused_f32(a[i] + p.a_shift, p.a_ratio, part);
    bad += y[i] != (int8_t)(dnnrt_saturate_f32(sum, 0, p.lo, p.hi) - p.y_shift);
  }
  return bad;
}

static int check_affine(void) {
  float x[N], back[N];
  int8_t y[N];
  const int32_t zero = (int32_t)draw(256) - 128, lo = -128 + (int32_t)draw(100);
  const dnnrt_affine_s8_t p = {N, draw_scale(), (int16_t)zero, (int16_t)lo, 127};
  int bad = 0;
  for (int i = 0; i < N; i++) {
    /* Half steps, which are ties, values around them, anything, and what is no number. */
    const float half = ((float)draw(1200) - 600.0f) * 0.5f * p.scale;
    const uint32_t any = draw(0xffffffffu);
    const uint32_t kind = draw(8);
    x[i] = half;
    if (kind > 2) x[i] += half * ((float)draw(64) - 32.0f) / 16777216.0f;
    if (kind > 4) x[i] = ((float)draw(1u << 24) / 8388608.0f - 1.0f) * 300.0f * p.scale;
    if (kind > 6) memcpy(&x[i], &any, sizeof any);
  }
  dnnrt_quantize_f32_s8(&p, x, y);
  for (int i = 0; i < N; i++) bad += y[i] != (int8_t)dnnrt_saturate_f32(x[i] / p.scale, p.zero, p.lo, p.hi);
  dnnrt_dequantize_s8_f32(&p, y, back);
  for (int i = 0; i < N; i++) {
    const float expected = (float)(y[i] - p.zero) * p.scale;
    bad += memcmp(&back[i], &expected, sizeof expected) != 0;
  }
  return bad;
}

static int check_mul(void) {
  int8_t a[N], b[N], y[N];
  const int32_t y_shift = (int32_t)draw(2) * 128;
  const dnnrt_mul_s8_t p = {
      N, draw_scale(), (int16_t)(draw(256) - 128 + y_shift), (int16_t)(draw(256) - 128), (int16_t)(draw(256) - 128 + y_shift),
      (int16_t)y_shift, (int16_t)(y_shift - 128), (int16_t)(y_shift + 127)};
  int bad = 0;
  for (int i = 0; i < N; i++) {
    a[i] = (int8_t)draw(256);
    b[i] = (int8_t)draw(256);
  }
  dnnrt_mul_s8(&p, a, b, y);
  for (int i = 0; i < N; i++) {
    const int32_t product = (a[i] - p.a_zero) * (b[i] - p.b_zero);
    const float v = (float)product * p.ratio + (float)p.y_zero;
    bad += y[i] != (int8_t)(dnnrt_saturate_f32(v, 0, p.lo, p.hi) - p.y_shift);
  }
  return bad;
}

/* Windows of up to 8 x 8 on one channel of one row after another, as float32 sums them. */
static int check_average(void) {
  int8_t x[N], y[N];
  const int32_t kernel = 1 + (int32_t)draw(8), stride = 1 + (int32_t)draw(3), pad = (int32_t)draw((uint32_t)kernel);
  const int32_t out = (16 + 2 * pad - kernel) / stride + 1, y_shift = (int32_t)draw(2) * 128;
  dnnrt_average_pool2d_s8_t p;
  memset(&p, 0, sizeof p);
  p.window = (dnnrt_window_t){1, 16, 16, 1, (uint16_t)out, (uint16_t)out, (uint16_t)kernel, (uint16_t)kernel, (uint16_t)stride, (uint16_t)stride, 1, 1, (int16_t)pad, (int16_t)pad};
  p.x_zero = (int16_t)(draw(256) - 128), p.y_zero = (int16_t)(draw(256) - 128 + (uint32_t)y_shift), p.y_shift = (int16_t)y_shift;
  p.count_include_pad = (uint8_t)draw(2);
  p.x_scale = draw_scale(), p.y_scale = draw(3) == 0 ? p.x_scale : draw_scale();
  int bad = 0;
  for (int i = 0; i < N; i++) x[i] = (int8_t)draw(256);
  if (out * out > N) return 0;
  dnnrt_average_pool2d_s8(&p, x, y);
  for (int32_t oh = 0; oh < out; oh++)
    for (int32_t ow = 0; ow < out; ow++) {
      float sum = 0.0f;
      int32_t count = 0;
      for (int32_t row = oh * stride - pad; row < oh * stride - pad + kernel; row++)
        for (int32_t column = ow * stride - pad; column < ow * stride - pad + kernel; column++)
          if (row >= 0 && row < 16 && column >= 0 && column < 16) sum += p.x_scale * (float)(x[row * 16 + column] - p.x_zero), count++;
      if (p.count_include_pad) count = kernel * kernel;
      const float v = sum / (float)count / p.y_scale + (float)p.y_zero;
      bad += y[oh * out + ow] != (int8_t)(dnnrt_saturate_f32(v, 0, y_shift - 128, y_shift + 127) - y_shift);
    }
  return bad;
}

static int check_softmax(void) {
  static float table[256];
  int8_t x[N], y[N];
  const uint32_t n = 1 + draw(64), inner = 1 + draw(3), outer = N / (n * inner);
  const float top = (float)(1u << 30) * (float)(1u << 30) * (float)(1u << 30) * (float)(1u << draw(24));
  const float step = 1.0f - 1.0f / (float)(2u << draw(9));
  const int32_t range = 1 + (int32_t)draw(128);
  table[255] = top * (1.0f + (float)draw(1u << 23) / (float)(1u << 23));
  for (int i = 254; i >= 0; i--) table[i] = table[i + 1] * step;
  const dnnrt_softmax_s8_t p = {outer, n, inner, table, (float)(1 + draw(257)), (int16_t)(draw(2) ? -128 : (int32_t)draw(256) - 128)};
  int bad = 0;
  for (int i = 0; i < N; i++) x[i] = (int8_t)((int32_t)draw((uint32_t)(2 * range)) - range);
  dnnrt_softmax_s8(&p, x, y);
  for (uint32_t o = 0; o < outer; o++)
    for (uint32_t k = 0; k < inner; k++) {
      const int8_t *row = x + o * n * inner + k;
      int32_t largest = -128;
      float sum = 0.0f;
      for (uint32_t i = 0; i < n; i++) largest = row[i * inner] > largest ? row[i * inner] : largest;
      for (uint32_t i = 0; i < n; i++) sum += table[row[i * inner] + 255 - largest];
      for (uint32_t i = 0; i < n; i++) {
        const float share = table[row[i * inner] + 255 - largest] * p.inverse / sum;
        bad += y[(o * n + i) * inner + k] != (int8_t)dnnrt_saturate_f32(share, p.y_zero, -128, 127);
      }
    }
  return bad;
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 1000;
  int bad = 0;
  for (int i = 0; i < rounds; i++) bad += check_add() + check_affine() + check_mul() + check_average() + check_softmax();
  printf("%d mismatches in %d\n", bad, rounds * 6 * N);
  return bad != 0;
}
