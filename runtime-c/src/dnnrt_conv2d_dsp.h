/*
 * Inside the library: convolution in tiles of 4 pixels by 2 output channels for cores with dual 16-bit multiply-accumulate (dnnrt_dsp.h),
 * in two forms. DNNRT_OFFSET_WEIGHTS 0: weights as they are, their zero points 0, none -128. 1: any weights and zero points; the first
 * channel of a pair is stored 128 higher, and the sum of the inputs times (zero point + that) is taken off.
 *
 * The receptive fields of 4 pixels are widened side by side in `column`, [kernel row][quad][word][pixel]; padding is filled with the
 * zero point of x, which is part of the bias. Weights: [channel pair][kernel row][quad][word]; a row of the kernel whose size is no
 * multiple of 4 ends with weights of 0, whatever x holds there.
 */
#ifndef DNNRT_CONV2D_DSP_H
#define DNNRT_CONV2D_DSP_H

#include "dnnrt_dsp.h"

#define PIXELS 4

/* `rows` runs of `quads` quads, `pitch` bytes apart, for one pixel of the tile; returns the place behind them. */
#if DNNRT_DSP
static __attribute__((naked, noinline)) uint32_t *widen_rows(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) int32_t pitch, __attribute__((unused)) int32_t quads,
    __attribute__((unused)) int32_t rows, __attribute__((unused)) uint32_t *column) {
  __asm__ volatile(
      "push {r4-r9, lr}\n ldr r12, [sp, #28]\n"
      "1:\n mov r5, r0\n subs r4, r2, #4\n blt 3f\n"
      "2:\n ldr r6, [r5], #4\n ldr r7, [r5], #4\n ldr r8, [r5], #4\n ldr r9, [r5], #4\n"
      "sxtb16 lr, r6\n sxtb16 r6, r6, ror #8\n str lr, [r12]\n str r6, [r12, #16]\n"
      "sxtb16 lr, r7\n sxtb16 r7, r7, ror #8\n str lr, [r12, #32]\n str r7, [r12, #48]\n"
      "sxtb16 lr, r8\n sxtb16 r8, r8, ror #8\n str lr, [r12, #64]\n str r8, [r12, #80]\n"
      "sxtb16 lr, r9\n sxtb16 r9, r9, ror #8\n str lr, [r12, #96]\n str r9, [r12, #112]\n"
      "add r12, r12, #128\n subs r4, r4, #4\n bge 2b\n"
      "3:\n adds r4, r4, #4\n beq 5f\n"
      "4:\n ldr r6, [r5], #4\n subs r4, r4, #1\n sxtb16 lr, r6\n sxtb16 r6, r6, ror #8\n str lr, [r12]\n str r6, [r12, #16]\n"
      "add r12, r12, #32\n bne 4b\n"
      "5:\n add r0, r0, r1\n subs r3, r3, #1\n bne 1b\n"
      "mov r0, r12\n pop {r4-r9, pc}\n");
}
#else
static uint32_t *widen_rows(const int8_t *x, int32_t pitch, int32_t quads, int32_t rows, uint32_t *column) {
  for (; rows > 0; rows--, x += pitch) {
    for (int32_t i = 0; i < quads; i++, column += 2 * PIXELS) {
      const uint32_t quad = dnnrt_load_word(x + 4 * i);
      column[0] = dnnrt_widen_even(quad);
      column[PIXELS] = dnnrt_widen_odd(quad);
    }
  }
  return column;
}
#endif

static uint32_t *fill(uint32_t pair, int32_t quads, uint32_t *column) {
  for (; quads > 0; quads--, column += 2 * PIXELS) column[0] = column[PIXELS] = pair;
  return column;
}

/* The field of a pixel whose depth is `quads` quads and that crosses the border of the image, or is dilated: tap by tap. */
static void widen_taps(const dnnrt_conv2d_s8_t *p, const int8_t *x, int32_t row, int32_t left, int32_t quads, uint32_t *column) {
  const dnnrt_window_t *g = &p->window;
  const uint32_t zero = (uint32_t)(uint16_t)p->x_zero * 0x10001u;
  for (int32_t kh = g->kernel_h; kh > 0; kh--, row += g->dilation_h) {
    if (row < 0 || row >= g->in_h) {
      column = fill(zero, g->kernel_w * quads, column);
      continue;
    }
    int32_t at = left;
    for (int32_t tap = g->kernel_w; tap > 0; tap--, at += g->dilation_w) {
      const int32_t outside = at < 0 || at >= g->in_w;
      column = outside ? fill(zero, quads, column) : widen_rows(x + (row * g->in_w + at) * g->in_c, 0, quads, 1, column);
    }
  }
}

/* The bytes of any field; rows begin at multiples of 4. */
static void copy_taps(const dnnrt_conv2d_s8_t *p, const int8_t *x, int32_t row, int32_t left, int8_t *to) {
  const dnnrt_window_t *g = &p->window;
  const int32_t slack = -(g->kernel_w * g->in_c) & 3;
  for (int32_t kh = g->kernel_h; kh > 0; kh--, row += g->dilation_h, to += slack) {
    int32_t at = left;
    for (int32_t tap = g->kernel_w; tap > 0; tap--, at += g->dilation_w) {
      const int32_t outside = row < 0 || row >= g->in_h || at < 0 || at >= g->in_w;
      const int8_t *from = x + (row * g->in_w + at) * g->in_c;
      for (int32_t c = g->in_c; c > 0; c--) *to++ = outside ? (int8_t)p->x_zero : *from++;
    }
  }
}

/* What the fields of one call have in common. */
struct fields {
  const dnnrt_conv2d_s8_t *p;
  const int8_t *x;
  int32_t pitch, quads; /* bytes of an image row, quads of a kernel row */
  int32_t slack;        /* bytes that a whole quad may lie behind the end of a field */
  int32_t plain;        /* no dilation */
  int8_t *bytes;        /* room for a field */
};

/* True when the taps of `pixels` neighbours from row, left on lie in the image, and whole quads do not leave it. */
static int32_t is_inside(const struct fields *f, int32_t row, int32_t left, int32_t pixels) {
  const dnnrt_window_t *g = &f->p->window;
  const int32_t right = left + (pixels - 1) * g->stride_w + g->kernel_w, below = g->in_h - row - g->kernel_h;
  if (!f->plain || row < 0 || below < 0 || left < 0 || right > g->in_w) return 0;
  return below > 0 || (g->in_w - right) * g->in_c >= f->slack;
}

static void widen_field(const struct fields *f, int32_t row, int32_t left, uint32_t *column) {
  const dnnrt_window_t *g = &f->p->window;
  if (is_inside(f, row, left, 1)) {
    widen_rows(f->x + row * f->pitch + left * g->in_c, f->pitch, f->quads, g->kernel_h, column);
  } else if ((g->in_c & 3) == 0) {
    widen_taps(f->p, f->x, row, left, g->in_c / 4, column);
  } else {
    copy_taps(f->p, f->x, row, left, f->bytes);
    widen_rows(f->bytes, 0, f->quads * g->kernel_h, 1, column);
  }
}

/* Four fields that lie `step` bytes apart. */
#if DNNRT_DSP
static __attribute__((naked, noinline)) void widen_tile(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) int32_t step, __attribute__((unused)) int32_t quads,
    __attribute__((unused)) int32_t rows, __attribute__((unused)) int32_t pitch, __attribute__((unused)) uint32_t *column) {
  __asm__ volatile(
      "push {r4-r11, lr}\n ldr r4, [sp, #36]\n ldr r12, [sp, #40]\n"
      "vmov s0, r2\n vmov s1, r3\n sub r4, r4, r2, lsl #2\n vmov s2, r4\n add r2, r1, r1, lsl #1\n"
      "1:\n vmov r3, s0\n"
      "2:\n ldr r4, [r0]\n ldr r5, [r0, r1]\n ldr r6, [r0, r1, lsl #1]\n ldr r7, [r0, r2]\n add r0, r0, #4\n"
      "sxtb16 r8, r4\n sxtb16 r9, r5\n sxtb16 r10, r6\n sxtb16 r11, r7\n stm r12!, {r8-r11}\n"
      "sxtb16 r4, r4, ror #8\n sxtb16 r5, r5, ror #8\n sxtb16 r6, r6, ror #8\n sxtb16 r7, r7, ror #8\n stm r12!, {r4-r7}\n"
      "subs r3, r3, #1\n bne 2b\n"
      "vmov r4, s2\n add r0, r0, r4\n vmov r4, s1\n subs r4, r4, #1\n vmov s1, r4\n bne 1b\n"
      "pop {r4-r11, pc}\n");
}
#else
static void widen_tile(const int8_t *x, int32_t step, int32_t quads, int32_t rows, int32_t pitch, uint32_t *column) {
  for (int32_t i = 0; i < PIXELS; i++) widen_rows(x + i * step, pitch, quads, rows, column + i);
}
#endif

struct tile_args {
  const uint32_t *weights, *column;
  const int32_t *bias;
  const float *multiplier;
  int8_t *y;
  int32_t stride, pairs, quads, zero, step;
  const int32_t *inputs; /* sums of the 4 columns, with offset weights */
};

/*
 * y[pixel * stride + channel] of 4 pixels and `pairs` pairs of channels; `step` = bytes between multipliers. bias: two a pair, with
 * offset weights four: the biases, then the factors of the inputs' sum.
 */
#if DNNRT_OFFSET_WEIGHTS
#define EXTEND "uxtb16"
#define BIASES 4
#define LOAD_FACTORS "vldm r12!, {s22, s23}\n"
/* r4..r7 are sums of the first channel, r8..r11 become those of the second. */
#define FINISH_SUMS \
  "vmov r12, s24\n ldm r12, {r0, r1, r2, r3}\n vmov r12, s22\n" \
  "mls r4, r0, r12, r4\n mls r5, r1, r12, r5\n mls r6, r2, r12, r6\n mls r7, r3, r12, r7\n" \
  "vmov r12, s23\n vmov lr, s7\n" \
  "add r8, lr, r8, asr #8\n add r9, lr, r9, asr #8\n add r10, lr, r10, asr #8\n add r11, lr, r11, asr #8\n" \
  "mls r8, r0, r12, r8\n mls r9, r1, r12, r9\n mls r10, r2, r12, r10\n mls r11, r3, r12, r11\n vmov r2, s0\n"
#else
#define EXTEND "sxtb16"
#define BIASES 2
#define LOAD_FACTORS ""
#define FINISH_SUMS \
  "vmov r0, s7\n" \
  "add r8, r0, r8, asr #8\n add r9, r0, r9, asr #8\n add r10, r0, r10, asr #8\n add r11, r0, r11, asr #8\n"
#endif

#if DNNRT_DSP
#define STEP \
  "ldr r0, [r2], #4\n ldr r1, [r3], #4\n ldr r12, [r3], #4\n " EXTEND " lr, r0\n" \
  "smlad r8, r0, r1, r8\n smlad r4, lr, r1, r4\n smlad r9, r0, r12, r9\n smlad r5, lr, r12, r5\n" \
  "ldr r1, [r3], #4\n ldr r12, [r3], #4\n" \
  "smlad r10, r0, r1, r10\n smlad r6, lr, r1, r6\n smlad r11, r0, r12, r11\n smlad r7, lr, r12, r7\n"
#define QUAD STEP STEP
#define QUAD_BYTES "112"
static __attribute__((naked, noinline)) void multiply_tile(__attribute__((unused)) const struct tile_args *args) {
  /* s0 end of the pair's weights, s1 column, s2 y, s3 bias, s4 pairs left, s5 bytes of a pair's weights, s6 entry of the loop, s7 bias of
     the second channel, s8..s15 results, s16 zero, s17 stride, s18 multiplier, s19 step, s22 s23 factors, s24 sums of inputs. */
  __asm__ volatile(
      "push {r4-r11, lr}\n vpush {s16-s25}\n"
      "ldm r0!, {r2, r4, r5, r6, r7, r8, r9, r10}\n ldr r11, [r0]\n ldr r3, [r0, #4]\n ldr r12, [r0, #8]\n vmov s24, r12\n"
      "vmov s1, r4\n vmov s3, r5\n vmov s18, r6\n vmov s2, r7\n vmov s17, r8\n vmov s4, r9\n vmov s16, r11\n vmov s19, r3\n"
      "lsl r0, r10, #3\n vmov s5, r0\n"
      "rsb r0, r10, #0\n and r0, r0, #3\n mov r1, #" QUAD_BYTES "\n mul r0, r0, r1\n"
      "adr.w r1, 2f\n add r0, r0, r1\n orr r0, r0, #1\n vmov s6, r0\n"
      "1:\n"
      "vmov r12, s3\n ldr r4, [r12], #4\n ldr r0, [r12], #4\n" LOAD_FACTORS "vmov s3, r12\n  vmov s7, r0\n"
      "mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r8, r4\n mov r9, r4\n mov r10, r4\n mov r11, r4\n"
      "vmov r3, s1\n vmov r12, s5\n add r12, r12, r2\n vmov s0, r12\n vmov r0, s6\n bx r0\n"
      ".balign 4\n"
      "2:\n" QUAD QUAD QUAD QUAD
      "vmov r0, s0\n cmp r2, r0\n bne 2b\n"
      "sub r8, r8, r4\n sub r9, r9, r5\n sub r10, r10, r6\n sub r11, r11, r7\n" FINISH_SUMS
      "vmov s8, r4\n vmov s9, r5\n vmov s10, r6\n vmov s11, r7\n vmov s12, r8\n vmov s13, r9\n vmov s14, r10\n vmov s15, r11\n"
      "vmov r0, s18\n vmov r12, s19\n vldr s20, [r0]\n add r0, r0, r12\n vldr s21, [r0]\n add r0, r0, r12\n vmov s18, r0\n"
      "vcvt.f32.s32 s8, s8\n vcvt.f32.s32 s9, s9\n vcvt.f32.s32 s10, s10\n vcvt.f32.s32 s11, s11\n"
      "vcvt.f32.s32 s12, s12\n vcvt.f32.s32 s13, s13\n vcvt.f32.s32 s14, s14\n vcvt.f32.s32 s15, s15\n"
      "vmul.f32 s8, s8, s20\n vmul.f32 s9, s9, s20\n vmul.f32 s10, s10, s20\n vmul.f32 s11, s11, s20\n"
      "vmul.f32 s12, s12, s21\n vmul.f32 s13, s13, s21\n vmul.f32 s14, s14, s21\n vmul.f32 s15, s15, s21\n"
      "vcvtr.s32.f32 s8, s8\n vcvtr.s32.f32 s9, s9\n vcvtr.s32.f32 s10, s10\n vcvtr.s32.f32 s11, s11\n"
      "vcvtr.s32.f32 s12, s12\n vcvtr.s32.f32 s13, s13\n vcvtr.s32.f32 s14, s14\n vcvtr.s32.f32 s15, s15\n"
      "vmov r4, s8\n vmov r5, s9\n vmov r6, s10\n vmov r7, s11\n vmov r8, s12\n vmov r9, s13\n vmov r10, s14\n vmov r11, s15\n"
      "vmov r0, s16\n"
      "qadd r4, r4, r0\n qadd r5, r5, r0\n qadd r6, r6, r0\n qadd r7, r7, r0\n"
      "qadd r8, r8, r0\n qadd r9, r9, r0\n qadd r10, r10, r0\n qadd r11, r11, r0\n"
      "ssat r4, #8, r4\n ssat r5, #8, r5\n ssat r6, #8, r6\n ssat r7, #8, r7\n"
      "ssat r8, #8, r8\n ssat r9, #8, r9\n ssat r10, #8, r10\n ssat r11, #8, r11\n"
      "vmov r0, s2\n vmov r12, s17\n add r1, r0, #2\n vmov s2, r1\n"
      "strb r4, [r0]\n strb r8, [r0, #1]\n add r0, r0, r12\n strb r5, [r0]\n strb r9, [r0, #1]\n add r0, r0, r12\n"
      "strb r6, [r0]\n strb r10, [r0, #1]\n add r0, r0, r12\n strb r7, [r0]\n strb r11, [r0, #1]\n"
      "vmov r0, s4\n subs r0, r0, #1\n vmov s4, r0\n bne.w 1b\n"
      "vpop {s16-s25}\n pop {r4-r11, pc}\n");
}
#else
static void multiply_tile(const struct tile_args *args) {
  const uint32_t *w = args->weights;
  const float *multiplier = args->multiplier;
  const int32_t *bias = args->bias;
  const int32_t words = 2 * args->quads;
  for (int32_t c = 0; c < 2 * args->pairs; c += 2, w += words, bias += BIASES) {
    const float a = *multiplier, b = *(multiplier += args->step / 4);
    multiplier += args->step / 4;
    for (int32_t i = 0; i < PIXELS; i++) {
      uint32_t sum = (uint32_t)bias[0], low = sum;
      for (int32_t k = 0; k < words; k++) {
        sum = dnnrt_smlad(w[k], args->column[k * PIXELS + i], sum);
#if DNNRT_OFFSET_WEIGHTS
        low = dnnrt_smlad(w[k] & 0x00ff00ffu, args->column[k * PIXELS + i], low);
#else
        low = dnnrt_smlad(dnnrt_widen_even(w[k]), args->column[k * PIXELS + i], low);
#endif
      }
      int32_t first = (int32_t)low, second = (int32_t)(sum - low) / 256 + bias[1];
#if DNNRT_OFFSET_WEIGHTS
      first -= bias[2] * args->inputs[i];
      second -= bias[3] * args->inputs[i];
#endif
      int8_t *y = args->y + i * args->stride + c;
      y[0] = (int8_t)dnnrt_requantize(first, a, args->zero, -128, 127);
      y[1] = (int8_t)dnnrt_requantize(second, b, args->zero, -128, 127);
    }
  }
}
#endif

/* All channels of a tile; an odd last one goes through `spare`, 8 bytes, since its pair has no place in y. */
static void compute_tile(const dnnrt_conv2d_s8_t *p, struct tile_args *args, int8_t *y, int8_t *spare) {
  args->weights = (const uint32_t *)p->weights;
  args->bias = p->bias;
  args->multiplier = p->requantize.multiplier;
  args->y = y;
  args->stride = p->out_c;
  args->pairs = p->out_c / 2;
  if (args->pairs > 0) multiply_tile(args);
  if ((p->out_c & 1) == 0) return;
  const int32_t last = p->out_c - 1;
  args->weights += last * args->quads;
  args->bias += last / 2 * BIASES;
  args->multiplier += last * p->requantize.per_channel;
  args->y = spare;
  args->stride = 2;
  args->pairs = 1;
  multiply_tile(args);
  for (int32_t i = 0; i < PIXELS; i++) y[i * p->out_c + last] = spare[2 * i];
}

#if DNNRT_OFFSET_WEIGHTS
/* Sums of the columns, without what whole quads hold behind a row of `run` values. */
static void sum_inputs(const uint32_t *column, int32_t run, int32_t rows, int32_t *sums) {
  static const uint32_t even[] = {0, 1, 1, 0x10001}, odd[] = {0, 0, 1, 1};
  uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (; rows > 0; rows--) {
    for (int32_t words = run / 4 * 2; words > 0; words--, column += PIXELS) {
      s0 = dnnrt_smlad(column[0], 0x10001, s0);
      s1 = dnnrt_smlad(column[1], 0x10001, s1);
      s2 = dnnrt_smlad(column[2], 0x10001, s2);
      s3 = dnnrt_smlad(column[3], 0x10001, s3);
    }
    if ((run & 3) == 0) continue;
    for (int32_t word = 0; word < 2; word++, column += PIXELS) {
      const uint32_t mask = word == 0 ? even[run & 3] : odd[run & 3];
      s0 = dnnrt_smlad(column[0], mask, s0);
      s1 = dnnrt_smlad(column[1], mask, s1);
      s2 = dnnrt_smlad(column[2], mask, s2);
      s3 = dnnrt_smlad(column[3], mask, s3);
    }
  }
  sums[0] = (int32_t)s0;
  sums[1] = (int32_t)s1;
  sums[2] = (int32_t)s2;
  sums[3] = (int32_t)s3;
}
#endif

/* scratch: 32 bytes a quad of the field, then 4 pixels of y, 8 bytes, the field's quads. */
static inline void dnnrt_convolve_tiles(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t run = g->kernel_w * g->in_c, row_quads = (run + 3) / 4, quads = row_quads * g->kernel_h, step = g->stride_w * g->in_c;
  uint32_t *column = (uint32_t *)scratch;
  int8_t *tile = (int8_t *)(column + 2 * PIXELS * quads), *spare = tile + PIXELS * p->out_c;
  const struct fields f = {
      p, x, g->in_w * g->in_c, row_quads, 4 * row_quads - run,
      (g->dilation_h == 1 || g->kernel_h == 1) && (g->dilation_w == 1 || g->kernel_w == 1), spare + 8};
  int32_t inputs[PIXELS] = {0};
  struct tile_args args = {0, column, 0, 0, 0, 0, 0, quads, q->y_zero, 4 * q->per_channel, inputs};
  int32_t row = -g->pad_top, at = -g->pad_left, ow = 0;
  for (int32_t left = (int32_t)g->out_h * g->out_w; left > 0; left -= PIXELS) {
    const int32_t pixels = left < PIXELS ? left : PIXELS, n = pixels * p->out_c;
    if (ow + PIXELS <= g->out_w && is_inside(&f, row, at, PIXELS)) {
      widen_tile(x + row * f.pitch + at * g->in_c, step, row_quads, g->kernel_h, f.pitch, column);
      ow += PIXELS;
      at += PIXELS * g->stride_w;
    } else {
      for (int32_t i = 0; i < pixels; i++) {
        if (ow == g->out_w) {
          ow = 0;
          at = -g->pad_left;
          row += g->stride_h;
        }
        widen_field(&f, row, at, column + i);
        ow++;
        at += g->stride_w;
      }
    }
    if (ow == g->out_w) {
      ow = 0;
      at = -g->pad_left;
      row += g->stride_h;
    }
#if DNNRT_OFFSET_WEIGHTS
    sum_inputs(column, run, g->kernel_h, inputs);
#endif
    compute_tile(p, &args, pixels == PIXELS ? y : tile, spare);
    if (pixels < PIXELS) memcpy(y, tile, (size_t)n);
    if (q->lo > -128 || q->hi < 127) {
      for (int32_t i = 0; i < n; i++) y[i] = (int8_t)(y[i] < q->lo ? q->lo : y[i] > q->hi ? q->hi : y[i]);
    }
    y += n;
  }
}

#endif
