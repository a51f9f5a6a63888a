#include "dnnrt_dsp.h"

/*
 * Depthwise 3x3 convolution, one filter a channel, stride 1 or 2, for cores with dual 16-bit multiply-accumulate.
 *
 * Four channels at a time, a strip of output rows is gathered into planes of int8, one a channel, with borders filled by the
 * zero point (which is part of the bias). A word of a plane row holds columns v0..v3: two outputs need (v0, v2), (v1, v3) and
 * three weights of the row. Narrow high images are walked by columns, their kernels stored transposed. Weights: per channel five words of int16 pairs (w00, w02), (w10, w12), (w20, w22), (w01, w11), (w21, 0).
 */
#define STRIP 8
#define WEIGHT_WORDS 5

struct plane_args {
  const int8_t *plane;
  int32_t pitch;
  int8_t *y;
  int32_t y_step, outputs;
  const uint32_t *weights;
  int32_t bias, zero;
  float multiplier;
  int32_t rows, plane_step, y_row_step;
};

#if DNNRT_DSP
#define LOAD_FIRST "ldr r12, [r0]\n sxtb16 lr, r12, ror #8\n sxtb16 r12, r12\n"
#define LOAD_SECOND "ldr r12, [r0, r1]\n sxtb16 lr, r12, ror #8\n sxtb16 r12, r12\n"
#define LOAD_THIRD "ldr r12, [r0, r1, lsl #1]\n sxtb16 lr, r12, ror #8\n sxtb16 r12, r12\n"
/* r0 plane, r1 pitch, r2 y, r3 step, r4 outputs left, r5..r9 weights, r10 r11 sums; s0 bias, s1 zero, s2 multiplier, s4 rows left,
   s5 plane step, s6 y row step, s7 plane row, s8 y row, s9 outputs. */
#define PROLOGUE \
  "push {r4-r11, lr}\n" \
  "mov r12, r0\n" \
  "ldm r12!, {r0, r1, r2, r3, r4, r5, r6, r7}\n vldr s2, [r12]\n ldr r8, [r12, #4]\n ldr r9, [r12, #8]\n ldr r10, [r12, #12]\n" \
  "vmov s0, r6\n vmov s1, r7\n vmov s4, r8\n vmov s5, r9\n vmov s6, r10\n vmov s7, r0\n vmov s8, r2\n vmov s9, r4\n" \
  "ldm r5, {r5, r6, r7, r8, r9}\n"
#define NEXT_ROW \
  "vmov r0, s7\n vmov r12, s5\n add r0, r0, r12\n vmov s7, r0\n" \
  "vmov r2, s8\n vmov r12, s6\n add r2, r2, r12\n vmov s8, r2\n" \
  "vmov r4, s9\n vmov r12, s4\n subs r12, r12, #1\n vmov s4, r12\n bne 1b\n" \
  "pop {r4-r11, pc}\n"
#define STORE(sum) \
  "vmov s3, " sum "\n vcvt.f32.s32 s3, s3\n vmul.f32 s3, s3, s2\n vcvtr.s32.f32 s3, s3\n vmov " sum ", s3\n" \
  "qadd " sum ", " sum ", lr\n ssat " sum ", #8, " sum "\n strb " sum ", [r2]\n add r2, r2, r3\n"

static __attribute__((naked, noinline)) void plane_stride_1(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      PROLOGUE
      "1:\n vmov r10, s0\n mov r11, r10\n"
      LOAD_FIRST "smlad r10, r12, r5, r10\n smlad r11, lr, r5, r11\n smlabb r10, lr, r8, r10\n smlatb r11, r12, r8, r11\n"
      LOAD_SECOND "smlad r10, r12, r6, r10\n smlad r11, lr, r6, r11\n smlabt r10, lr, r8, r10\n smlatt r11, r12, r8, r11\n"
      LOAD_THIRD "smlad r10, r12, r7, r10\n smlad r11, lr, r7, r11\n smlabb r10, lr, r9, r10\n smlatb r11, r12, r9, r11\n"
      "vmov lr, s1\n" STORE("r10")
      "subs r4, r4, #1\n beq 2f\n"
      STORE("r11")
      "add r0, r0, #2\n subs r4, r4, #1\n bne 1b\n"
      "2:\n" NEXT_ROW);
}

static __attribute__((naked, noinline)) void plane_stride_2(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      PROLOGUE
      "1:\n vmov r10, s0\n"
      LOAD_FIRST "smlad r10, r12, r5, r10\n smlabb r10, lr, r8, r10\n"
      LOAD_SECOND "smlad r10, r12, r6, r10\n smlabt r10, lr, r8, r10\n"
      LOAD_THIRD "smlad r10, r12, r7, r10\n smlabb r10, lr, r9, r10\n"
      "vmov lr, s1\n" STORE("r10")
      "add r0, r0, #2\n subs r4, r4, #1\n bne 1b\n"
      NEXT_ROW);
}
#endif

static void plane_portable(const struct plane_args *args, int32_t stride, int32_t lo, int32_t hi) {
  const uint32_t *w = args->weights;
  for (int32_t row = 0; row < args->rows; row++) {
    const int8_t *v = args->plane + row * args->plane_step;
    int8_t *y = args->y + row * args->y_row_step;
    for (int32_t o = 0; o < args->outputs; o++, v += stride, y += args->y_step) {
      int32_t sum = args->bias;
      for (int32_t tap = 0; tap < 3; tap++) {
        const int8_t *at = v + tap * args->pitch;
        const int32_t middle = tap == 1 ? (int16_t)(w[3] >> 16) : (int16_t)w[tap == 0 ? 3 : 4];
        sum += at[0] * (int16_t)w[tap] + at[1] * middle + at[2] * (int16_t)(w[tap] >> 16);
      }
      *y = (int8_t)dnnrt_requantize(sum, args->multiplier, args->zero, lo, hi);
    }
  }
}

/* Channel k of n pixels goes to plane k; `step` = bytes between pixels, `size` = bytes of a plane. */
static void spread_row(const int8_t *x, int32_t step, int32_t n, int8_t *to, int32_t size) {
#if DNNRT_DSP
  int8_t *to1 = to + size, *to2 = to1 + size, *to3 = to2 + size;
  for (; n >= 2; n -= 2) {
    __asm__ volatile(
        "ldr r4, [%0]\n ldr r5, [%0, %5]\n add %0, %0, %5, lsl #1\n"
        "uxtb16 r6, r4\n uxtb16 r8, r5\n uxtb16 r4, r4, ror #8\n uxtb16 r5, r5, ror #8\n"
        "orr r6, r6, r8, lsl #8\n orr r4, r4, r5, lsl #8\n"
        "strh r6, [%1], #2\n lsr r6, r6, #16\n strh r4, [%2], #2\n lsr r4, r4, #16\n"
        "strh r6, [%3], #2\n strh r4, [%4], #2\n"
        : "+r"(x), "+r"(to), "+r"(to1), "+r"(to2), "+r"(to3)
        : "r"(step)
        : "r4", "r5", "r6", "r8", "memory");
  }
#endif
  for (; n > 0; n--, x += step, to++) {
    to[0] = x[0];
    to[size] = x[1];
    to[2 * size] = x[2];
    to[3 * size] = x[3];
  }
}

/*
 * The image and its result as the kernel walks over them. Rows cost extra: rows are columns when those are longer and one strip takes
 * them all, so that a channel is still read before it is written.
 */
struct walk {
  int32_t in_rows, in_columns, out_rows, out_columns, pad_rows, pad_columns;
  int32_t x_row, x_column, y_row, y_column; /* bytes between neighbours */
};

static struct walk choose_walk(const dnnrt_conv2d_s8_t *p) {
  const dnnrt_window_t *g = &p->window;
  const int32_t x_row = g->in_w * g->in_c, y_row = g->out_w * p->out_c;
  const struct walk by_rows = {g->in_h, g->in_w, g->out_h, g->out_w, g->pad_top, g->pad_left, x_row, g->in_c, y_row, p->out_c};
  const struct walk by_columns = {g->in_w, g->in_h, g->out_w, g->out_h, g->pad_left, g->pad_top, g->in_c, x_row, p->out_c, y_row};
  return g->in_h > g->in_w && g->out_w <= STRIP ? by_columns : by_rows;
}

/* Rows [first, first + rows) of `channels` <= 4 channels into planes whose borders are filled already. */
static void gather(const struct walk *g, const int8_t *x, int32_t channels, int32_t first, int32_t rows, int32_t pitch, int32_t size, int8_t *plane) {
  for (int32_t r = 0; r < rows; r++) {
    const int32_t row = first + r;
    if (row < 0 || row >= g->in_rows) continue;
    const int8_t *from = x + row * g->x_row;
    int8_t *to = plane + r * pitch + g->pad_columns;
    if (channels == 4) {
      spread_row(from, g->x_column, g->in_columns, to, size);
      continue;
    }
    for (int32_t i = 0; i < g->in_columns; i++, from += g->x_column, to++) {
      for (int32_t c = 0; c < channels; c++) to[c * size] = from[c];
    }
  }
}

/* scratch: 4 planes of a strip's rows; a row holds the padding and the image, or what the last outputs read. */
void dnnrt_depthwise2d_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_requantize_t *q = &p->requantize;
  const struct walk g = choose_walk(p);
  const int32_t stride = p->window.stride_w, strip = g.out_rows < STRIP ? g.out_rows : STRIP;
  const int32_t filled = g.pad_columns + g.in_columns, read = (g.out_columns - 1) * stride + 4;
  const int32_t pitch = ((filled > read ? filled : read) + 3) / 4 * 4, size = ((strip - 1) * stride + 3) * pitch;
  for (int32_t oh = 0; oh < g.out_rows; oh += STRIP) {
    const int32_t rows = g.out_rows - oh < STRIP ? g.out_rows - oh : STRIP;
    memset(scratch, p->x_zero, (size_t)(4 * size));
    for (int32_t c = 0; c < p->out_c; c += 4) {
      const int32_t channels = p->out_c - c < 4 ? p->out_c - c : 4;
      int8_t *plane = (int8_t *)scratch;
      gather(&g, x + c, channels, oh * stride - g.pad_rows, (rows - 1) * stride + 3, pitch, size, plane);
      for (int32_t i = 0; i < channels; i++, plane += size) {
        const uint32_t *w = (const uint32_t *)p->weights + (c + i) * WEIGHT_WORDS;
        const struct plane_args args = {
            plane, pitch, y + oh * g.y_row + c + i, g.y_column, g.out_columns, w, p->bias[c + i], q->y_zero,
            q->multiplier[(c + i) * q->per_channel], rows, stride * pitch, g.y_row};
#if DNNRT_DSP
        if (q->lo == -128 && q->hi == 127) {
          if (stride == 1) plane_stride_1(&args);
          else plane_stride_2(&args);
          continue;
        }
#endif
        plane_portable(&args, stride, q->lo, q->hi);
      }
    }
  }
}
