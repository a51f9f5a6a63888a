#include "dnnrt_dsp.h"

/*
 * Convolution in tiles of 4 pixels by 2 output channels for cores with dual 16-bit multiply-accumulate.
 *
 * The receptive fields of 4 pixels are widened to int16 in `column`, [quad][word][pixel]: the values v0..v3 of a quad become the
 * words (v0, v2), (v1, v3). Weights are packed to match, [channel pair][quad]: bytes a0 b0 a2 b2, a1 b1 a3 b3 of channels a and b.
 * The zero point of x is part of the bias; padding is filled with it.
 */
#define PIXELS 4

static void widen_run(const int8_t *x, int32_t n, uint32_t *column) {
#if DNNRT_DSP
  for (; n >= 16; n -= 16, column += 8 * PIXELS) {
    __asm__ volatile(
        "ldr r4, [%0], #4\n ldr r5, [%0], #4\n ldr r6, [%0], #4\n ldr r7, [%0], #4\n"
        "sxtb16 r8, r4\n sxtb16 r4, r4, ror #8\n str r8, [%1]\n str r4, [%1, #16]\n"
        "sxtb16 r8, r5\n sxtb16 r5, r5, ror #8\n str r8, [%1, #32]\n str r5, [%1, #48]\n"
        "sxtb16 r8, r6\n sxtb16 r6, r6, ror #8\n str r8, [%1, #64]\n str r6, [%1, #80]\n"
        "sxtb16 r8, r7\n sxtb16 r7, r7, ror #8\n str r8, [%1, #96]\n str r7, [%1, #112]\n"
        : "+r"(x) : "r"(column) : "r4", "r5", "r6", "r7", "r8", "memory");
  }
#endif
  for (; n >= 4; n -= 4, x += 4, column += 2 * PIXELS) {
    uint32_t quad;
    memcpy(&quad, x, 4);
#if DNNRT_DSP
    uint32_t even, odd;
    __asm__("sxtb16 %0, %2\n sxtb16 %1, %2, ror #8" : "=&r"(even), "=r"(odd) : "r"(quad));
#else
    const uint32_t even = (uint32_t)(uint16_t)(int8_t)quad | (uint32_t)(uint16_t)(int8_t)(quad >> 16) << 16;
    const uint32_t odd = (uint32_t)(uint16_t)(int8_t)(quad >> 8) | (uint32_t)(uint16_t)(int8_t)(quad >> 24) << 16;
#endif
    column[0] = even;
    column[PIXELS] = odd;
  }
  if (n > 0) {
    const int32_t v1 = n > 1 ? x[1] : 0, v2 = n > 2 ? x[2] : 0;
    column[0] = (uint32_t)(uint16_t)x[0] | (uint32_t)v2 << 16;
    column[PIXELS] = (uint32_t)(uint16_t)v1;
  }
}

/* One kernel row of the field, byte by byte where it leaves the image. */
static void copy_row(const dnnrt_conv2d_s8_t *p, const int8_t *x, int32_t row, int32_t left, int8_t *to) {
  const dnnrt_window_t *g = &p->window;
  const int32_t depth = g->in_c, run = g->kernel_w * depth;
  if (row < 0 || row >= g->in_h) {
    memset(to, p->x_zero, (size_t)run);
    return;
  }
  x += row * g->in_w * depth;
  if (g->dilation_w == 1 && left >= 0 && left + g->kernel_w <= g->in_w) {
    x += left * depth;
    memcpy(to, x, (size_t)run);
    return;
  }
  for (int32_t tap = 0; tap < g->kernel_w; tap++, left += g->dilation_w, to += depth) {
    if (left < 0 || left >= g->in_w) memset(to, p->x_zero, (size_t)depth);
    else memcpy(to, x + left * depth, (size_t)depth);
  }
}

/* `bytes`: room for the field, or for one row of it when rows are multiples of 4. */
static void widen_field(const dnnrt_conv2d_s8_t *p, const int8_t *x, int32_t oh, int32_t ow, uint32_t *column, int8_t *bytes) {
  const dnnrt_window_t *g = &p->window;
  const int32_t run = g->kernel_w * g->in_c, step = run / 4 * 2 * PIXELS;
  int32_t row = oh * g->stride_h - g->pad_top;
  const int32_t left = ow * g->stride_w - g->pad_left;
  if ((run & 3) != 0) {
    for (int32_t kh = 0; kh < g->kernel_h; kh++, row += g->dilation_h) copy_row(p, x, row, left, bytes + kh * run);
    widen_run(bytes, g->kernel_h * run, column);
    return;
  }
  const int32_t inside = g->dilation_w == 1 && left >= 0 && left + g->kernel_w <= g->in_w;
  for (int32_t kh = 0; kh < g->kernel_h; kh++, row += g->dilation_h, column += step) {
    if (inside && row >= 0 && row < g->in_h) {
      widen_run(x + (row * g->in_w + left) * g->in_c, run, column);
    } else {
      copy_row(p, x, row, left, bytes);
      widen_run(bytes, run, column);
    }
  }
}

struct tile_args {
  const uint32_t *weights;
  const uint32_t *column;
  const int32_t *bias;
  int32_t *sums;
  int32_t pairs, words;
};

/* sums[pair][channel][pixel] for all channel pairs; `words` = words of weights of one pair, even. */
#if DNNRT_DSP
#define STEP \
  "ldr r0, [r2], #4\n ldr r1, [r3], #4\n ldr r12, [r3], #4\n" \
  "sxtb16 lr, r0\n sxtb16 r0, r0, ror #8\n" \
  "smlad r4, lr, r1, r4\n smlad r8, r0, r1, r8\n smlad r5, lr, r12, r5\n smlad r9, r0, r12, r9\n" \
  "ldr r1, [r3], #4\n ldr r12, [r3], #4\n" \
  "smlad r6, lr, r1, r6\n smlad r10, r0, r1, r10\n smlad r7, lr, r12, r7\n smlad r11, r0, r12, r11\n"
static __attribute__((naked, noinline)) void multiply_tile(__attribute__((unused)) const struct tile_args *args) {
  /* s0 end of the pair's weights, s1 column, s2 sums, s3 bias, s4 pairs left, s5 bytes of a pair's weights, s6 odd quads. */
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "ldm r0, {r2, r4, r5, r6, r7, r8}\n"
      "vmov s1, r4\n vmov s3, r5\n vmov s2, r6\n vmov s4, r7\n"
      "lsl r9, r8, #2\n vmov s5, r9\n and r8, r8, #2\n vmov s6, r8\n"
      "1:\n"
      "vmov r12, s3\n ldr r4, [r12], #4\n ldr r8, [r12], #4\n vmov s3, r12\n"
      "mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r9, r8\n mov r10, r8\n mov r11, r8\n"
      "vmov r3, s1\n vmov r12, s5\n add r12, r12, r2\n vmov s0, r12\n"
      "vmov r0, s6\n cmp r0, #0\n bne 3f\n"
      "2:\n" STEP STEP
      "3:\n" STEP STEP
      "vmov r0, s0\n cmp r2, r0\n bne 2b\n"
      "vmov r0, s2\n stmia r0!, {r4-r11}\n vmov s2, r0\n"
      "vmov r0, s4\n subs r0, r0, #1\n vmov s4, r0\n bne 1b\n"
      "pop {r4-r11, pc}\n");
}
#undef STEP
#else
static void multiply_tile(const struct tile_args *args) {
  const uint32_t *w = args->weights;
  for (int32_t pair = 0; pair < args->pairs; pair++, w += args->words) {
    int32_t *sums = args->sums + 2 * PIXELS * pair;
    for (int32_t i = 0; i < PIXELS; i++) {
      const uint32_t *column = args->column + i;
      int32_t a = args->bias[2 * pair], b = args->bias[2 * pair + 1];
      for (int32_t k = 0; k < args->words; k++) {
        const int32_t low = (int16_t)column[k * PIXELS], high = (int16_t)(column[k * PIXELS] >> 16);
        a += (int8_t)w[k] * low + (int8_t)(w[k] >> 16) * high;
        b += (int8_t)(w[k] >> 8) * low + (int8_t)(w[k] >> 24) * high;
      }
      sums[i] = a;
      sums[PIXELS + i] = b;
    }
  }
}
#endif

#if DNNRT_DSP
struct store_args {
  const int32_t *sums;
  const float *multiplier;
  int8_t *y;
  int32_t channels, zero, step;
};

/* Four pixels, results over the whole range of int8. */
static __attribute__((naked, noinline)) void store_tile(__attribute__((unused)) const struct store_args *args) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "ldm r0, {r0, r1, r2, r3, r4, r5}\n"
      "add r6, r2, r3\n add r7, r6, r3\n add r8, r7, r3\n"
      "1:\n"
      "vldmia r0!, {s0-s3}\n vldr s4, [r1]\n"
      "vcvt.f32.s32 s0, s0\n vcvt.f32.s32 s1, s1\n vcvt.f32.s32 s2, s2\n vcvt.f32.s32 s3, s3\n"
      "add r1, r1, r5\n"
      "vmul.f32 s0, s0, s4\n vmul.f32 s1, s1, s4\n vmul.f32 s2, s2, s4\n vmul.f32 s3, s3, s4\n"
      "vcvtr.s32.f32 s0, s0\n vcvtr.s32.f32 s1, s1\n vcvtr.s32.f32 s2, s2\n vcvtr.s32.f32 s3, s3\n"
      "vmov r9, s0\n vmov r10, s1\n vmov r11, s2\n vmov r12, s3\n"
      "qadd r9, r9, r4\n qadd r10, r10, r4\n qadd r11, r11, r4\n qadd r12, r12, r4\n"
      "ssat r9, #8, r9\n ssat r10, #8, r10\n ssat r11, #8, r11\n ssat r12, #8, r12\n"
      "strb r9, [r2], #1\n strb r10, [r6], #1\n strb r11, [r7], #1\n strb r12, [r8], #1\n"
      "subs r3, r3, #1\n bne 1b\n"
      "pop {r4-r11, pc}\n");
}
#endif

static void requantize_tile(const dnnrt_conv2d_s8_t *p, const int32_t *sums, int32_t pixels, int8_t *y) {
  const dnnrt_requantize_t *q = &p->requantize;
  const float *multiplier = q->multiplier;
  const int32_t zero = q->y_zero, lo = q->lo, hi = q->hi, stride = p->out_c, step = q->per_channel;
#if DNNRT_DSP
  if (pixels == PIXELS && lo == -128 && hi == 127) {
    const struct store_args args = {sums, multiplier, y, stride, zero, 4 * step};
    store_tile(&args);
    return;
  }
#endif
  for (int32_t c = 0; c < stride; c++, sums += PIXELS, multiplier += step, y++) {
    const float m = *multiplier;
    int8_t *out = y;
    for (int32_t i = 0; i < pixels; i++, out += stride) *out = (int8_t)dnnrt_requantize(sums[i], m, zero, lo, hi);
  }
}

/* scratch: 8 bytes a value of the field (rounded up to quads), 16 bytes an output channel (rounded up to pairs), the field's bytes. */
void dnnrt_conv2d_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const int32_t words = ((int32_t)g->kernel_h * g->kernel_w * g->in_c + 3) / 4 * 2;
  uint32_t *column = (uint32_t *)scratch;
  int32_t *sums = (int32_t *)(column + words * PIXELS);
  int8_t *bytes = (int8_t *)(sums + (p->out_c + 1) / 2 * 2 * PIXELS);
  const struct tile_args args = {(const uint32_t *)p->weights, column, p->bias, sums, (p->out_c + 1) / 2, words};
  int32_t oh = 0, ow = 0;
  for (int32_t left = (int32_t)g->out_h * g->out_w; left > 0; left -= PIXELS) {
    const int32_t pixels = left < PIXELS ? left : PIXELS;
    for (int32_t i = 0; i < pixels; i++) {
      widen_field(p, x, oh, ow, column + i, bytes);
      if (++ow == g->out_w) {
        ow = 0;
        oh++;
      }
    }
    multiply_tile(&args);
    requantize_tile(p, sums, pixels, y);
    y += pixels * p->out_c;
  }
}
