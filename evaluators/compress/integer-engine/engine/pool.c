/* Pools over two axes and means over the inner axes. */
#include "engine.h"

/* x y planes h w kernelH kernelW strideH strideW dilationH dilationW padTop padLeft outH outW signed */
typedef struct {
  const uint8_t *x;
  uint8_t *y;
  int32_t planes, height, width, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, out_h, out_w,
      is_signed;
} window_t;

static window_t window_of(const word *a, int32_t samples) {
  window_t w = {(const uint8_t *)a[0], (uint8_t *)a[1], a[2] * samples, a[3], a[4], a[5], a[6], a[7],
                a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]};
  return w;
}

static int32_t largest(const window_t *w, const uint8_t *plane, int32_t oy, int32_t ox) {
  int32_t best = -256;
  for (int32_t ky = 0; ky < w->kernel_h; ky++) {
    int32_t y = oy * w->stride_h - w->pad_top + ky * w->dilation_h;
    if (y < 0 || y >= w->height) continue;
    for (int32_t kx = 0; kx < w->kernel_w; kx++) {
      int32_t x = ox * w->stride_w - w->pad_left + kx * w->dilation_w;
      if (x >= 0 && x < w->width) best = maximum(best, load_byte(plane + y * w->width + x, w->is_signed));
    }
  }
  return best;
}

/* The common 2x2 pool with stride 2: 16 inputs of two rows at a time. */
static void pool_2x2_row(const uint8_t *a, const uint8_t *b, uint8_t *y, int32_t out_w, int32_t is_signed) {
  int32_t i = 0;
  for (; i + 8 <= out_w; i += 8) {
    v128_t va = wasm_v128_load(a + 2 * i), vb = wasm_v128_load(b + 2 * i);
    v128_t m = is_signed ? wasm_i8x16_max(va, vb) : wasm_u8x16_max(va, vb);
    v128_t even = wasm_i8x16_shuffle(m, m, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14);
    v128_t odd = wasm_i8x16_shuffle(m, m, 1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15);
    wasm_v128_store64_lane(y + i, is_signed ? wasm_i8x16_max(even, odd) : wasm_u8x16_max(even, odd), 0);
  }
  for (; i < out_w; i++) {
    int32_t top = maximum(load_byte(a + 2 * i, is_signed), load_byte(a + 2 * i + 1, is_signed));
    int32_t bottom = maximum(load_byte(b + 2 * i, is_signed), load_byte(b + 2 * i + 1, is_signed));
    y[i] = (uint8_t)maximum(top, bottom);
  }
}

void run_max_pool(const word *a, int32_t samples) {
  window_t w = window_of(a, samples);
  int32_t quick = w.kernel_h == 2 && w.kernel_w == 2 && w.stride_h == 2 && w.stride_w == 2 && w.dilation_h == 1 &&
                  w.dilation_w == 1 && w.pad_top == 0 && w.pad_left == 0 && 2 * w.out_h <= w.height && 2 * w.out_w <= w.width;
  for (int32_t p = 0; p < w.planes; p++) {
    const uint8_t *plane = w.x + p * w.height * w.width;
    uint8_t *y = w.y + p * w.out_h * w.out_w;
    for (int32_t oy = 0; oy < w.out_h; oy++, y += w.out_w) {
      if (quick) {
        pool_2x2_row(plane + 2 * oy * w.width, plane + (2 * oy + 1) * w.width, y, w.out_w, w.is_signed);
        continue;
      }
      for (int32_t ox = 0; ox < w.out_w; ox++) y[ox] = (uint8_t)largest(&w, plane, oy, ox);
    }
  }
}

/* After the window: table of dequantized values [256], countIncludePad, yScale, yZero, low, high */
void run_average_pool(const word *a, int32_t samples) {
  window_t w = window_of(a, samples);
  const float *table = (const float *)a[16];
  float y_scale = *(const float *)&a[18];
  int32_t zero = a[19], low = a[20], high = a[21], offset = w.is_signed ? 128 : 0;
  for (int32_t p = 0; p < w.planes; p++) {
    const uint8_t *plane = w.x + p * w.height * w.width;
    for (int32_t o = 0; o < w.out_h * w.out_w; o++) {
      int32_t oy = o / w.out_w, ox = o % w.out_w, count = 0;
      float sum = 0;
      for (int32_t ky = 0; ky < w.kernel_h; ky++) {
        int32_t y = oy * w.stride_h - w.pad_top + ky * w.dilation_h;
        if (y < 0 || y >= w.height) continue;
        for (int32_t kx = 0; kx < w.kernel_w; kx++) {
          int32_t x = ox * w.stride_w - w.pad_left + kx * w.dilation_w;
          if (x < 0 || x >= w.width) continue;
          sum += table[load_byte(plane + y * w.width + x, w.is_signed) + offset];
          count++;
        }
      }
      float average = sum / (float)(a[17] ? w.kernel_h * w.kernel_w : count);
      int32_t value = round_even(average / y_scale + (float)zero);
      w.y[p * w.out_h * w.out_w + o] = (uint8_t)saturate(value, low, high);
    }
  }
}

/* x y rows length xZero signed multiplier yZero low high: the mean of `length` consecutive values */
void run_mean(const word *a, int32_t samples) {
  const uint8_t *x = (const uint8_t *)a[0];
  uint8_t *y = (uint8_t *)a[1];
  int32_t length = a[3];
  float multiplier = *(const float *)&a[6];
  for (int32_t row = 0; row < a[2] * samples; row++, x += length) {
    int32_t sum = 0;
    for (int32_t i = 0; i < length; i++) sum += load_byte(x + i, a[5]) - a[4];
    y[row] = (uint8_t)requantize(sum, multiplier, a[7], a[8], a[9]);
  }
}
