/*
 * Convolution over two axes: the image is widened to int16 with its zero point subtracted and a zero border, then blocks of
 * output pixels are gathered as columns and multiplied.
 */
#include "engine.h"

typedef struct {
  const uint8_t *x;
  int32_t x_bytes;
  uint8_t *y;
  int32_t y_bytes, channels, height, width, outputs, groups, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w,
      pad_top, pad_left, padded_h, padded_w, out_h, out_w, x_zero, x_signed;
  const int16_t *weights;
  requant_t requant;
  int16_t *image;
  int16_t *columns;
  int32_t block;
} conv_t;

/* Widens one sample into the padded image; the border stays as the caller left it (zero). */
static void widen(const conv_t *c, const uint8_t *x) {
  for (int32_t channel = 0; channel < c->channels; channel++) {
    int16_t *plane = c->image + channel * c->padded_h * c->padded_w;
    for (int32_t row = 0; row < c->height; row++) {
      int16_t *to = plane + (row + c->pad_top) * c->padded_w + c->pad_left;
      const uint8_t *from = x + (channel * c->height + row) * c->width;
      if (c->x_signed)
        for (int32_t i = 0; i < c->width; i++) to[i] = (int16_t)(((const int8_t *)from)[i] - c->x_zero);
      else
        for (int32_t i = 0; i < c->width; i++) to[i] = (int16_t)(from[i] - c->x_zero);
    }
  }
}

/* Start of the image row that kernel element k reads for output row oy. */
static inline const int16_t *source_row(const conv_t *c, const int16_t *image, int32_t k, int32_t oy) {
  int32_t area = c->kernel_h * c->kernel_w;
  int32_t channel = k / area, tap = k % area, ky = tap / c->kernel_w, kx = tap % c->kernel_w;
  return image + (channel * c->padded_h + oy * c->stride_h + ky * c->dilation_h) * c->padded_w + kx * c->dilation_w;
}

/* Interleaves `count` elements of two rows. Writes up to 7 pixels past the end, which later writes replace. */
static inline void interleave(int16_t *to, const int16_t *a, const int16_t *b, int32_t count, int32_t stride) {
  if (stride == 1) {
    for (int32_t i = 0; i < count; i += 8) {
      v128_t va = wasm_v128_load(a + i), vb = b ? wasm_v128_load(b + i) : wasm_i16x8_const_splat(0);
      wasm_v128_store(to + 2 * i, wasm_i16x8_shuffle(va, vb, 0, 8, 1, 9, 2, 10, 3, 11));
      wasm_v128_store(to + 2 * i + 8, wasm_i16x8_shuffle(va, vb, 4, 12, 5, 13, 6, 14, 7, 15));
    }
    return;
  }
  for (int32_t i = 0; i < count; i++) {
    to[2 * i] = a[i * stride];
    to[2 * i + 1] = b ? b[i * stride] : 0;
  }
}

/* Columns of the output pixels first .. first + count - 1 for the channels of one group. */
static void gather(const conv_t *c, const int16_t *image, int32_t depth, int32_t first, int32_t count) {
  int32_t pairs = (depth + 1) / 2;
  for (int32_t pair = 0; pair < pairs; pair++) {
    int16_t *to = c->columns + pair * c->block * 2;
    int32_t done = 0;
    while (done < count) {
      int32_t oy = (first + done) / c->out_w, ox = (first + done) % c->out_w;
      int32_t run = minimum(count - done, c->out_w - ox);
      const int16_t *a = source_row(c, image, 2 * pair, oy) + ox * c->stride_w;
      const int16_t *b = 2 * pair + 1 < depth ? source_row(c, image, 2 * pair + 1, oy) + ox * c->stride_w : 0;
      interleave(to + 2 * done, a, b, run, c->stride_w);
      done += run;
    }
  }
}

static void convolve_sample(const conv_t *c, uint8_t *y) {
  int32_t per_group = c->channels / c->groups, rows = c->outputs / c->groups, area = c->out_h * c->out_w;
  int32_t depth = per_group * c->kernel_h * c->kernel_w, pairs = (depth + 1) / 2;
  int32_t weights_per_group = (rows == 1 ? 1 : (rows + 3) / 4 * 4) * pairs * 2;
  for (int32_t group = 0; group < c->groups; group++) {
    const int16_t *image = c->image + group * per_group * c->padded_h * c->padded_w;
    requant_t requant = c->requant;
    requant.bias += group * rows;
    requant.multiplier += group * rows;
    for (int32_t first = 0; first < area; first += c->block) {
      int32_t count = minimum(c->block, area - first);
      gather(c, image, depth, first, count);
      gemm_block(c->weights + group * weights_per_group, c->columns, rows, count, pairs, c->block, &requant,
                 y + group * rows * area + first, area, 1);
    }
  }
}

void run_conv(const word *a, int32_t samples) {
  conv_t c = {(const uint8_t *)a[0], a[1], (uint8_t *)a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
              a[13], a[14], a[15], a[16], a[17], a[18], a[19], a[20], a[21], a[22], (const int16_t *)a[23],
              {(const int32_t *)a[24], (const float *)a[25], a[26], a[27], a[28], a[29]},
              (int16_t *)a[30], (int16_t *)a[31], a[32]};
  __builtin_memset(c.image, 0, (unsigned long)(2 * c.channels * c.padded_h * c.padded_w));
  for (int32_t i = 0; i < samples; i++) {
    widen(&c, c.x + i * c.x_bytes);
    convolve_sample(&c, c.y + i * c.y_bytes);
  }
}
