#include "dnnrt_dsp.h"
#include "dnnrt_narrow.h"

/*
 * Depthwise 3x3 convolution, one filter a channel, stride 1 or 2, for cores with dual 16-bit multiply-accumulate.
 *
 * Two channels of four at a time, a strip of output rows is gathered into planes of int16, [row][pair of columns][channel], with borders
 * filled by the zero point (which is part of the bias). A word then holds two neighbours of one channel. Narrow high images are walked by
 * columns, their kernels stored transposed. Weights: five words a channel, (w00, w01), (w10, w11), (w20, w21), (w12, w02), (0, w22), times 2^s.
 * Channels come in the order 0, 2, 1, 3 of each four, the last ones of fewer as they are. bias: two words a channel (dnnrt_narrow.h): 2^s * b, m; or b, -M, with s = 0.
 */
/* Output rows of a strip; higher images of at most so many columns are walked by columns, in one strip. */
#define STRIP 8
#define WEIGHT_WORDS 5
#define TOGETHER 2
#define PAIR_BYTES 8

/* The order is known to the assembly. */
struct plane_args {
  int32_t offset, rows;
  int32_t plane_step, y_row_step; /* from the end of a row's whole fours, or its start in portable form, to the next row */
  int32_t outputs; /* in assembly less two */
  int32_t channels;
  const int8_t *plane;
  int8_t *y;
  const uint32_t *weights;
  const int32_t *table;
  int32_t pitch; /* bytes of a row */
  int32_t y_step;
};

/* Rows of `pairs` pairs of pixels; before them the border and one pixel when `lead`, after them one and the border when `trail`. */
struct gather_args {
  const int8_t *x;
  uint32_t *to;
  uint32_t zeros; /* the zero point four times */
  int32_t step, pairs, lead, trail, rows, x_row, to_row;
};

#if DNNRT_DSP
/* r0 plane, r1 pitch, r2 y, r3 step, r4..r7 sums, r8..r10 pairs, r11 r12 weights, lr outputs left but two; s0 bias, s1 multiplier, s2 offset,
   s3..s8 weights (w0, w1), (w1, w2) of each row, s9 rows left, s10 plane step, s11 y row step, s12 outputs, s13 rows, s14 channels left, s15
   of IN_FLOAT, s16.. plane, y, weights, table of the next channel. */
#define PROLOGUE \
  "push {r4-r11, lr}\n vpush {s16-s19}\n" \
  "vldm r0!, {s2}\n vldm r0!, {s13}\n vldm r0!, {s10-s12}\n vldm r0!, {s14}\n vldm r0!, {s16-s19}\n ldm r0, {r1, r3}\n" \
  "7:\n vmov r0, s16\n add r4, r0, #4\n vmov s16, r4\n vmov r2, s17\n add r4, r2, #2\n vmov s17, r4\n" \
  "vmov r11, s18\n ldm r11!, {r4, r5, r6, r7, r8}\n vmov s18, r11\n lsl r9, r7, #16\n" \
  "pkhtb r7, r7, r4, asr #16\n pkhtb r9, r9, r5, asr #16\n pkhtb r8, r8, r6, asr #16\n" \
  "vmov s3, r4\n vmov s4, r7\n vmov s5, r5\n vmov s6, r9\n vmov s7, r6\n vmov s8, r8\n" \
  "vmov r11, s19\n vldm r11!, {s0, s1}\n vmov s19, r11\n vmov r4, s13\n vmov s9, r4\n" \
  "0:\n vmov lr, s12\n cmp lr, #0\n ble.w 6f\n"
#define WEIGHTS(first, second) "vmov r11, " first "\n vmov r12, " second "\n"
#define IN_FLOAT(sum) \
  "vmov s15, " sum "\n vcvt.f32.s32 s15, s15\n vnmul.f32 s15, s15, s1\n vcvtr.s32.f32 s15, s15\n vmov " sum ", s15\n" \
  "qadd " sum ", " sum ", r12\n ssat " sum ", #8, " sum "\n"
/* Four results, of which three or four are stored; then the next ones, or the next row. At 6 the last one or two. */
#define LAST_OF_FOUR "add r10, r9, r3\n strb r7, [r10]\n add r2, r10, r3\n"
#define STORE_FOUR \
  "vmov r11, s1\n vmov r12, s2\n cmp r11, #0\n bmi.w 5f\n" \
  "smmla r4, r4, r11, r12\n smmla r5, r5, r11, r12\n smmla r6, r6, r11, r12\n smmla r7, r7, r11, r12\n" \
  "ssat r4, #8, r4, asr #8\n ssat r5, #8, r5, asr #8\n ssat r6, #8, r6, asr #8\n ssat r7, #8, r7, asr #8\n" \
  "2:\n subs lr, lr, #4\n" \
  "strb r4, [r2]\n add r8, r2, r3\n strb r5, [r8]\n add r9, r8, r3\n strb r6, [r9]\n ble 3f\n" LAST_OF_FOUR "b.w 1b\n" \
  "3:\n cmn lr, #3\n beq 4f\n" LAST_OF_FOUR "cmn lr, #2\n bne 6f\n" \
  "4:\n vmov r4, s9\n vmov r5, s10\n vmov r6, s11\n add r0, r0, r5\n add r2, r2, r6\n subs r4, r4, #1\n vmov s9, r4\n bne.w 0b\n" \
  "vmov r4, s14\n subs r4, r4, #1\n vmov s14, r4\n bne.w 7b\n vpop {s16-s19}\n pop {r4-r11, pc}\n" \
  "5:\n asr r12, r12, #8\n" IN_FLOAT("r4") IN_FLOAT("r5") IN_FLOAT("r6") IN_FLOAT("r7") "b.n 2b\n"
#define STORE_TWO \
  "vmov r11, s1\n vmov r12, s2\n cmp r11, #0\n bmi 9f\n" \
  "smmla r4, r4, r11, r12\n smmla r5, r5, r11, r12\n ssat r4, #8, r4, asr #8\n ssat r5, #8, r5, asr #8\n" \
  "8:\n strb r4, [r2]\n cmp lr, #0\n bne.w 4b\n add r8, r2, r3\n strb r5, [r8]\n b.w 4b\n" \
  "9:\n asr r12, r12, #8\n" IN_FLOAT("r4") IN_FLOAT("r5") "b.n 8b\n"

#define FOUR_1(first, second) \
  "ldr r8, [r0]\n ldr r9, [r0, #8]\n ldr r10, [r0, #16]\n" WEIGHTS(first, second) \
  "smlabt r4, r9, r12, r4\n smlad r5, r9, r12, r5\n smlabt r6, r10, r12, r6\n smlad r7, r10, r12, r7\n" \
  "smlatb r5, r8, r11, r5\n smlad r6, r9, r11, r6\n smlatb r7, r9, r11, r7\n smlad r4, r8, r11, r4\n"
#define TWO_1(first, second) \
  "ldr r8, [r0]\n ldr r9, [r0, #8]\n" WEIGHTS(first, second) \
  "smlabt r4, r9, r12, r4\n smlad r5, r9, r12, r5\n smlatb r5, r8, r11, r5\n smlad r4, r8, r11, r4\n"
static __attribute__((naked, noinline)) void planes_stride_1(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      PROLOGUE "1:\n"
      "ldr r8, [r0]\n ldr r9, [r0, #8]\n ldr r10, [r0, #16]\n vmov r4, s0\n" WEIGHTS("s3", "s4")
      "smlatb r5, r8, r11, r4\n smlad r6, r9, r11, r4\n smlatb r7, r9, r11, r4\n smlad r4, r8, r11, r4\n"
      "smlabt r4, r9, r12, r4\n smlad r5, r9, r12, r5\n smlabt r6, r10, r12, r6\n smlad r7, r10, r12, r7\n add r0, r0, r1\n"
      FOUR_1("s5", "s6") "add r0, r0, r1\n"
      FOUR_1("s7", "s8") "sub r0, r0, r1, lsl #1\n add r0, r0, #16\n" STORE_FOUR
      "6:\n vmov r4, s0\n mov r5, r4\n" TWO_1("s3", "s4") "add r0, r0, r1\n" TWO_1("s5", "s6") "add r0, r0, r1\n"
      TWO_1("s7", "s8") "sub r0, r0, r1, lsl #1\n" STORE_TWO);
}

#define FOUR_2(first, second, a, b, c, d) \
  "ldr r8, [r0]\n ldr r9, [r0, #8]\n ldr r10, [r0, #16]\n" WEIGHTS(first, second) \
  "smlad r5, r9, r11, " b "\n smlad r6, r10, r11, " c "\n smlabt r5, r10, r12, r5\n" \
  "smlabt r4, r9, r12, " a "\n smlad r4, r8, r11, r4\n" \
  "ldr r8, [r0, #24]\n ldr r9, [r0, #32]\n smlad r7, r8, r11, " d "\n smlabt r6, r8, r12, r6\n smlabt r7, r9, r12, r7\n"
#define TWO_2(first, second) \
  "ldr r8, [r0]\n ldr r9, [r0, #8]\n ldr r10, [r0, #16]\n" WEIGHTS(first, second) \
  "smlad r5, r9, r11, r5\n smlabt r5, r10, r12, r5\n smlabt r4, r9, r12, r4\n smlad r4, r8, r11, r4\n"
static __attribute__((naked, noinline)) void planes_stride_2(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      PROLOGUE "1:\n vmov r7, s0\n"
      FOUR_2("s3", "s4", "r7", "r7", "r7", "r7") "add r0, r0, r1\n"
      FOUR_2("s5", "s6", "r4", "r5", "r6", "r7") "add r0, r0, r1\n"
      FOUR_2("s7", "s8", "r4", "r5", "r6", "r7") "sub r0, r0, r1, lsl #1\n add r0, r0, #32\n" STORE_FOUR
      "6:\n vmov r4, s0\n mov r5, r4\n" TWO_2("s3", "s4") "add r0, r0, r1\n" TWO_2("s5", "s6") "add r0, r0, r1\n"
      TWO_2("s7", "s8") "sub r0, r0, r1, lsl #1\n" STORE_TWO);
}

/* r0 x, r1 step, r2 pairs left, r3 to, r12 zeros, lr rows left; s0 pairs, s1 lead, s2 trail, s3 x_row, s4 to_row, s5 x of the row, s6 its place. */
#define SPREAD(turned) \
  "sxtb16 r6, r4" turned "\n sxtb16 r7, r5" turned "\n pkhbt r8, r6, r7, lsl #16\n pkhtb r9, r7, r6, asr #16\n" \
  "str r9, [r3, #4]\n str r8, [r3], #8\n"
#define SPREAD_NEXT(turned) "ldr r4, [r0]\n ldr r5, [r0, r1]\n add r0, r0, r1, lsl #1\n" SPREAD(turned)
#define GATHER(turned) \
  __asm__ volatile( \
      "push {r4-r9, lr}\n" \
      "ldm r0!, {r4, r5, r12}\n ldr r1, [r0], #4\n vldm r0!, {s0, s1, s2}\n ldr lr, [r0], #4\n vldm r0, {s3, s4}\n vmov s5, r4\n vmov s6, r5\n" \
      "1:\n vmov r0, s5\n vmov r3, s6\n vmov r2, s1\n cbz r2, 2f\n mov r4, r12\n ldr r5, [r0]\n add r0, r0, r1\n" SPREAD(turned) \
      "2:\n vmov r2, s0\n subs r2, r2, #2\n blt 8f\n" \
      "3:\n" SPREAD_NEXT(turned) SPREAD_NEXT(turned) "subs r2, r2, #2\n bge 3b\n" \
      "8:\n adds r2, r2, #2\n beq 4f\n" SPREAD_NEXT(turned) \
      "4:\n vmov r2, s2\n cbz r2, 5f\n mov r5, r12\n ldr r4, [r0]\n" SPREAD(turned) \
      "5:\n vmov r4, s5\n vmov r5, s3\n add r4, r4, r5\n vmov s5, r4\n vmov r4, s6\n vmov r5, s4\n add r4, r4, r5\n vmov s6, r4\n" \
      "subs lr, lr, #1\n bne.w 1b\n pop {r4-r9, pc}\n")
static __attribute__((naked, noinline)) void gather_even(__attribute__((unused)) const struct gather_args *args) { GATHER(""); }
static __attribute__((naked, noinline)) void gather_odd(__attribute__((unused)) const struct gather_args *args) { GATHER(", ror #8"); }
#else
static void plane_of_stride(const struct plane_args *args, int32_t channel, int32_t stride) {
  const uint32_t *w = args->weights + channel * WEIGHT_WORDS;
  const int32_t *table = args->table + 2 * channel, m = table[1];
  const int32_t right[] = {(int16_t)(w[3] >> 16), (int16_t)w[3], (int16_t)(w[4] >> 16)};
  for (int32_t row = 0; row < args->rows; row++) {
    for (int32_t o = 0; o < args->outputs; o++) {
      uint32_t sum = (uint32_t)table[0];
      for (int32_t tap = 0; tap < 9; tap++) {
        const int32_t column = o * stride + tap % 3;
        const int8_t *at = args->plane + 4 * channel + row * args->plane_step + tap / 3 * args->pitch + column / 2 * PAIR_BYTES;
        const int32_t x = ((const int16_t *)(const void *)at)[column % 2];
        sum += (uint32_t)(x * (tap % 3 == 2 ? right[tap / 3] : (int16_t)(w[tap / 3] >> 16 * (tap % 3))));
      }
      int8_t *y = args->y + 2 * channel + row * args->y_row_step + o * args->y_step;
      *y = m >= 0 ? dnnrt_narrow((int32_t)sum, m, args->offset, 8)
                  : (int8_t)dnnrt_requantize((int32_t)sum, dnnrt_negated(m), args->offset >> 8, -128, 127);
    }
  }
}

static void planes_stride_1(const struct plane_args *args) {
  for (int32_t i = 0; i < args->channels; i++) plane_of_stride(args, i, 1);
}

static void planes_stride_2(const struct plane_args *args) {
  for (int32_t i = 0; i < args->channels; i++) plane_of_stride(args, i, 2);
}

static void spread_pair(const int8_t *left, const int8_t *right, int32_t first, uint32_t *to) {
  for (int32_t c = 0; c < TOGETHER; c++) {
    to[c] = (uint32_t)(uint16_t)left[first + 2 * c] | (uint32_t)(uint16_t)right[first + 2 * c] << 16;
  }
}

static void gather_two(const struct gather_args *args, int32_t first) {
  const int8_t *zeros = (const int8_t *)&args->zeros;
  for (int32_t row = 0; row < args->rows; row++) {
    const int8_t *x = args->x + row * args->x_row;
    uint32_t *to = args->to + row * args->to_row / 4;
    if (args->lead) {
      spread_pair(zeros, x, first, to);
      x += args->step;
      to += TOGETHER;
    }
    for (int32_t i = 0; i < args->pairs; i++, x += 2 * args->step, to += TOGETHER) spread_pair(x, x + args->step, first, to);
    if (args->trail) spread_pair(x, zeros, first, to);
  }
}

static void gather_even(const struct gather_args *args) { gather_two(args, 0); }
static void gather_odd(const struct gather_args *args) { gather_two(args, 1); }
#endif

/* A strip of the image and its result as the kernel walks over them: rows are columns in narrow high images, since rows cost extra. */
struct walk {
  int32_t in_rows, in_columns, out_rows, out_columns, pad_rows, pad_columns;
  int32_t x_row, x_column, y_row, y_column; /* bytes between neighbours */
  int32_t apart; /* 1: the last row is computed by itself */
};

static int32_t walks_by_columns(const dnnrt_window_t *g) {
  return g->in_h > g->in_w && g->out_w <= STRIP;
}

/* Whether the last column of a result of stride 1 is computed apart, so that the planes need no border behind the image: the one before it
   serves as well when the last column of the image is copied halfway between the column before it and that border. */
static int32_t last_apart(const dnnrt_window_t *g) {
  return g->stride_w == 1 && g->pad_left == 1 && g->in_w == g->out_w && g->out_w > 1 && (g->out_w & 1) != 0;
}

/* Output rows [first, first + rows), from `skipped` rows of the input on. */
static struct walk walk_strip(const dnnrt_conv2d_s8_t *p, int32_t first, int32_t rows, int32_t *skipped) {
  const dnnrt_window_t *g = &p->window;
  const int32_t x_row = g->in_w * g->in_c, y_row = g->out_w * p->out_c, top = first * g->stride_h - g->pad_top;
  const int32_t begin = top < 0 ? 0 : top, end = top + (rows - 1) * g->stride_h + 3, last = end < g->in_h ? end : g->in_h;
  const int32_t in_rows = last > begin ? last - begin : 0;
  *skipped = begin;
  if (walks_by_columns(g)) {
    return (struct walk){g->in_w, in_rows, g->out_w, rows, g->pad_left, begin - top, g->in_c, x_row, p->out_c, y_row, last_apart(g)};
  }
  return (struct walk){in_rows, g->in_w, rows, g->out_w, begin - top, g->pad_left, x_row, g->in_c, y_row, p->out_c, 0};
}

/* One channel, whose neighbours must not be read. */
static void gather_one(const struct walk *g, const int8_t *x, int32_t pitch, int8_t *planes) {
  for (int32_t r = 0; r < g->in_rows; r++) {
    const int8_t *from = x + r * g->x_row;
    int16_t *to = (int16_t *)(void *)(planes + (g->pad_rows + r) * pitch);
    for (int32_t i = g->pad_columns; i < g->pad_columns + g->in_columns; i++, from += g->x_column) to[i / 2 * 4 + i % 2] = *from;
  }
}

static void limit(int8_t *y, int32_t n, const dnnrt_requantize_t *q) {
  if (q->lo == -128 && q->hi == 127) return;
  for (int32_t i = 0; i < n; i++) y[i] = (int8_t)(y[i] < q->lo ? q->lo : y[i] > q->hi ? q->hi : y[i]);
}

static void compute_strip(const dnnrt_conv2d_s8_t *p, const struct walk *g, const int8_t *x, int8_t *y, void *scratch) {
  const int32_t stride = p->window.stride_w, lead = g->pad_columns & 1, trail = (g->in_columns - lead) & 1;
  const int32_t rest = g->out_columns % 4, fours = g->out_columns / 4 + (rest == 3);
  const int32_t filled = (g->pad_columns + g->in_columns + 1) / 2, read = 2 * stride * fours + (rest == 1 || rest == 2 ? stride + 1 : 1);
  const int32_t rows = g->out_rows - g->apart;
  const int32_t pitch = PAIR_BYTES * (filled > read ? filled : read), size = ((rows - 1) * stride + 3) * pitch;
  const uint32_t zero = (uint32_t)(uint16_t)p->x_zero * 0x10001u;
  int8_t *const planes = (int8_t *)scratch;
  uint32_t *to = (uint32_t *)scratch;
  struct gather_args gather = {
      x, (uint32_t *)(void *)(planes + g->pad_rows * pitch + g->pad_columns / 2 * PAIR_BYTES), (uint32_t)(uint8_t)p->x_zero * 0x1010101u,
      g->x_column, (g->in_columns - lead) / 2, lead, trail, g->in_rows, g->x_row, pitch};
#if DNNRT_DSP
  const int32_t outputs = g->out_columns - 2, whole = g->out_columns / 4, steps = fours;
#else
  const int32_t outputs = g->out_columns, whole = 0, steps = 0;
#endif
  struct plane_args args = {
      dnnrt_narrow_offset(p->requantize.y_zero, 8), rows, stride * pitch - steps * 16 * stride, g->y_row - whole * 4 * g->y_column,
      outputs, TOGETHER, planes, y, (const uint32_t *)p->weights, p->bias, pitch, g->y_column};
  void (*const planes_of)(const struct plane_args *) = stride == 1 ? planes_stride_1 : planes_stride_2;
  /* Gathering leaves the borders as they are. */
  for (int32_t i = size / 8; i > 0; i--, to += 2) to[0] = to[1] = zero;
  for (int32_t c = 0; c < p->out_c; c += args.channels) {
    args.channels = 1;
    if ((p->out_c & ~3) > c) {
      args.channels = TOGETHER;
      args.y = y + (c & ~3) + (c >> 1 & 1);
      gather.x = x + (c & ~3);
      if (g->in_rows > 0 && g->in_columns > 0) {
        if ((c & 2) == 0) gather_even(&gather);
        else gather_odd(&gather);
      }
    } else {
      args.y = y + c;
      gather_one(g, x + c, pitch, planes);
    }
    planes_of(&args);
    if (g->apart) {
      const int32_t half = (rows >> 1) * pitch;
      memcpy(planes + half, planes + (rows + 1) * pitch, (size_t)pitch);
      args.rows = 1;
      args.pitch = -half;
      args.plane += rows * pitch;
      args.y += rows * g->y_row;
      planes_of(&args);
      args.rows = rows;
      args.pitch = pitch;
      args.plane = planes;
    }
    args.weights += args.channels * WEIGHT_WORDS;
    args.table += args.channels * 2;
  }
}

/* scratch: planes of 2 channels of a strip's rows; a row holds the padding and the image, or what the last outputs read. */
void dnnrt_depthwise2d_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const int32_t strip = walks_by_columns(g) ? g->out_h : STRIP;
  for (int32_t oh = 0; oh < g->out_h; oh += strip) {
    int32_t skipped;
    const struct walk walk = walk_strip(p, oh, g->out_h - oh < strip ? g->out_h - oh : strip, &skipped);
    compute_strip(p, &walk, x + skipped * g->in_w * g->in_c, y + oh * g->out_w * p->out_c, scratch);
  }
  limit(y, g->out_h * g->out_w * p->out_c, &p->requantize);
}
