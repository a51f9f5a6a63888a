/* Compares the integer forms of add, quantize and dequantize with their float definitions. Argument: number of rounds. */
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

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 1000;
  int bad = 0;
  for (int i = 0; i < rounds; i++) bad += check_add() + check_affine();
  printf("%d mismatches in %d\n", bad, rounds * 3 * N);
  return bad != 0;
}
