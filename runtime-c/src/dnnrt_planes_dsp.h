/*
 * Inside the library: depthwise convolution for cores with dual 16-bit multiply-accumulate (dnnrt_dsp.h).
 *
 * Two channels of four at a time, a strip of output rows is gathered into planes of int16, [row][pair of columns][channel], with borders
 * filled by the zero point (which is part of the bias). A word then holds two neighbours of one channel. Narrow high images are walked by
 * columns, their kernels stored transposed. Channels come in the order 0, 2, 1, 3 of each four, the last ones of fewer as they are.
 * bias: two words a channel (dnnrt_narrow.h): 2^s * b, m; or b, -M, with s = 0; weights times 2^s.
 *
 * Outputs of a row come in sixes, of which the last may lack some, and then one or two. The file that includes this walks over planes.
 */
#ifndef DNNRT_PLANES_DSP_H
#define DNNRT_PLANES_DSP_H

#include "dnnrt_dsp.h"
#include "dnnrt_narrow.h"

/* Output rows of a strip at least; higher images of at most so many columns are walked by columns, in one strip. */
#define STRIP 8
/* Planes of so many bytes may take more rows. */
#define SMALL_PLANES 1024
#define TOGETHER 2
#define PAIR_BYTES 8

/* The order is known to the assembly. */
struct plane_args {
  int32_t offset, rows;
  int32_t plane_step, y_row_step; /* from the end of a row's sixes, in portable form its start, to the next row; from its last output or its start */
  int32_t outputs; /* in assembly less two */
  int32_t channels;
  const int8_t *plane;
  int8_t *y;
  const uint32_t *weights;
  const int32_t *table;
  int32_t y_step;
  int32_t pitch; /* bytes of a row */
  /* For kernels of any size. Bytes of weights of a kernel row; from where its walk ends to the next row; planes under a kernel; weights of a channel. */
  int32_t row_bytes, row_step, kernel_bytes, channel_bytes;
};

/* Rows of `pairs` pairs of pixels; before them the border and one pixel when `lead`, after them one and the border when `trail`. */
struct gather_args {
  const int8_t *x;
  uint32_t *to;
  uint32_t zeros; /* the zero point four times */
  int32_t step, pairs, lead, trail, rows, x_row, to_row;
};

typedef void walk_planes(const struct plane_args *);

#if DNNRT_DSP
/* In stores r0 plane, lr y, r4..r9 sums. Before, y may be kept in s20: load_y, save_y move it. s0 bias, s1 multiplier, s2 offset, s9 rows left, s10
   plane step, s11 y row step, s12 outputs less two, s13 rows, s14 channels left, s15 of FLOAT_SUMS, s16.. plane, y, weights, table of
   the next channel, s21 step of y, s22 outputs left less two, s23 pitch; s3..s8 are free. */
#define PLANE_PROLOGUE \
  "push {r4-r11, lr}\n vpush {s16-s23}\n vldm r0!, {s2}\n vldm r0!, {s13}\n vldm r0!, {s10-s12}\n vldm r0!, {s14}\n vldm r0!, {s16-s19}\n" \
  "vldm r0!, {s21}\n vldm r0!, {s23}\n"
#define PLANE_EPILOGUE "vpop {s16-s23}\n pop {r4-r11, pc}\n"
/* Plane, y, bias and multiplier of the next channel. */
#define NEXT_PLANE \
  "vmov r0, s16\n add r4, r0, #4\n vmov s16, r4\n vmov lr, s17\n add r4, lr, #2\n vmov s17, r4\n" \
  "vmov r11, s19\n vldm r11!, {s0, s1}\n vmov s19, r11\n vmov r4, s13\n vmov s9, r4\n"
#define BEGIN_ROW "vmov r10, s12\n vmov s22, r10\n cmp r10, #0\n"
/* 4: the next row, or from 7 on the next channel, or return. */
#define END_ROW(save_y) \
  "4:\n vmov r4, s9\n vmov r5, s10\n vmov r6, s11\n add r0, r0, r5\n add lr, lr, r6\n " save_y "subs r4, r4, #1\n vmov s9, r4\n bne.w 0b\n" \
  "vmov r4, s14\n subs r4, r4, #1\n vmov s14, r4\n bne.w 7b\n" PLANE_EPILOGUE
#define NARROW(sum) "smmla " sum ", " sum ", r3, r10\n"
#define SATURATE(sum) "ssat " sum ", #8, " sum ", asr #8\n"
#define LOAD_NARROW "vmov r3, s1\n vmov r10, s2\n cmp r3, #0\n"
/* Six results, of which three to six are stored; then at 1 the next ones, at 6 the last one or two, or at 4 the next row. */
#define STORE_SIX(load_y, save_y) \
  LOAD_NARROW "bmi.w 51f\n" \
  NARROW("r4") NARROW("r5") NARROW("r6") NARROW("r7") NARROW("r8") NARROW("r9") \
  SATURATE("r4") SATURATE("r5") SATURATE("r6") SATURATE("r7") SATURATE("r8") SATURATE("r9") load_y \
  "2:\n vmov r2, s21\n vmov r10, s22\n subs r10, r10, #6\n vmov s22, r10\n" \
  "strb r4, [lr]\n add lr, lr, r2\n strb r5, [lr]\n add lr, lr, r2\n strb r6, [lr]\n ble 3f\n add lr, lr, r2\n strb r7, [lr]\n" \
  "add lr, lr, r2\n strb r8, [lr]\n add lr, lr, r2\n strb r9, [lr]\n add lr, lr, r2\n" save_y "b.w 1b\n" \
  "3:\n cmn r10, #3\n blt 9f\n add lr, lr, r2\n strb r7, [lr]\n add lr, lr, r2\n strb r8, [lr]\n beq 4f\n" \
  "add lr, lr, r2\n strb r9, [lr]\n cmn r10, #2\n beq 4f\n add lr, lr, r2\n" save_y "b.w 6f\n" \
  "9:\n cmn r10, #5\n beq 4f\n add lr, lr, r2\n strb r7, [lr]\n"
/* Two results, of which one or two are stored. */
#define STORE_TWO(load_y) \
  LOAD_NARROW "bmi 52f\n" NARROW("r4") NARROW("r5") SATURATE("r4") SATURATE("r5") load_y \
  "8:\n vmov r2, s21\n vmov r10, s22\n strb r4, [lr]\n cmp r10, #0\n bne 4b\n add lr, lr, r2\n strb r5, [lr]\n b.w 4b\n"
/* Sums r4..r9 to results, their offset in r10; from r10 on registers are lost. */
#define FLOAT_SUMS(save_y) \
  "51:\n " save_y "bl 50f\n vmov lr, s20\n b.w 2b\n" \
  "52:\n " save_y "bl 50f\n vmov lr, s20\n b.w 8b\n" \
  "50:\n asr r10, r10, #8\n push {r4-r9}\n mov r11, sp\n mov r12, #6\n" \
  "53:\n vldr s15, [r11]\n vcvt.f32.s32 s15, s15\n vnmul.f32 s15, s15, s1\n vcvtr.s32.f32 s15, s15\n vmov r3, s15\n" \
  "qadd r3, r3, r10\n ssat r3, #8, r3\n str r3, [r11], #4\n subs r12, r12, #1\n bne 53b\n pop {r4-r9}\n bx lr\n"

/* r0 x, r1 step, r2 pairs left, r3 to, r9 three steps, r10 x of the row, r11 its place, r12 zeros, lr rows left; s0 pairs, s1 lead, s2 trail,
   s3 x_row, s4 to_row. */
#define SPREAD(turned) \
  "sxtb16 r4, r4" turned "\n sxtb16 r5, r5" turned "\n pkhbt r8, r4, r5, lsl #16\n pkhtb r5, r5, r4, asr #16\n" \
  "str r5, [r3, #4]\n str r8, [r3], #8\n"
#define SPREAD_FOUR(turned) \
  "ldr r4, [r0]\n ldr r5, [r0, r1]\n ldr r6, [r0, r1, lsl #1]\n ldr r7, [r0, r9]\n add r0, r0, r1, lsl #2\n" \
  "sxtb16 r4, r4" turned "\n sxtb16 r5, r5" turned "\n sxtb16 r6, r6" turned "\n sxtb16 r7, r7" turned "\n" \
  "pkhbt r8, r4, r5, lsl #16\n pkhtb r5, r5, r4, asr #16\n pkhbt r4, r6, r7, lsl #16\n pkhtb r7, r7, r6, asr #16\n" \
  "str r5, [r3, #4]\n str r4, [r3, #8]\n str r7, [r3, #12]\n str r8, [r3], #16\n"
#define GATHER(turned) \
  __asm__ volatile( \
      "push {r4-r11, lr}\n" \
      "ldm r0!, {r10, r11, r12}\n ldr r1, [r0], #4\n vldm r0!, {s0, s1, s2}\n ldr lr, [r0], #4\n vldm r0, {s3, s4}\n add r9, r1, r1, lsl #1\n" \
      "1:\n mov r0, r10\n mov r3, r11\n vmov r2, s1\n cbz r2, 2f\n mov r4, r12\n ldr r5, [r0]\n add r0, r0, r1\n" SPREAD(turned) \
      "2:\n vmov r2, s0\n subs r2, r2, #2\n blt 8f\n" \
      "3:\n" SPREAD_FOUR(turned) "subs r2, r2, #2\n bge 3b\n" \
      "8:\n lsls r2, r2, #31\n beq 4f\n ldr r4, [r0]\n ldr r5, [r0, r1]\n add r0, r0, r1, lsl #1\n" SPREAD(turned) \
      "4:\n vmov r2, s2\n cbz r2, 5f\n mov r5, r12\n ldr r4, [r0]\n" SPREAD(turned) \
      "5:\n vmov r4, s3\n vmov r5, s4\n add r10, r10, r4\n add r11, r11, r5\n subs lr, lr, #1\n bne 1b\n pop {r4-r11, pc}\n")
static __attribute__((naked, noinline)) void gather_even(__attribute__((unused)) const struct gather_args *args) { GATHER(""); }
static __attribute__((naked, noinline)) void gather_odd(__attribute__((unused)) const struct gather_args *args) { GATHER(", ror #8"); }
#else
/* A value of a channel's plane; `row` in bytes. */
static int32_t plane_value(const struct plane_args *args, int32_t channel, int32_t row, int32_t column) {
  const int8_t *at = args->plane + 4 * channel + row + column / 2 * PAIR_BYTES;
  return ((const int16_t *)(const void *)at)[column % 2];
}

static int8_t narrow_sum(int32_t sum, int32_t m, int32_t offset) {
  return m >= 0 ? dnnrt_narrow(sum, m, offset, 8) : (int8_t)dnnrt_requantize(sum, dnnrt_negated(m), offset >> 8, -128, 127);
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
};

static int32_t walks_by_columns(const dnnrt_window_t *g) {
  return g->in_h > g->in_w && g->out_w <= STRIP;
}

/* Output rows [first, first + rows), from `skipped` rows of the input on. */
static struct walk walk_strip(const dnnrt_conv2d_s8_t *p, int32_t first, int32_t rows, int32_t *skipped) {
  const dnnrt_window_t *g = &p->window;
  const int32_t x_row = g->in_w * g->in_c, y_row = g->out_w * p->out_c, top = first * g->stride_h - g->pad_top;
  const int32_t begin = top < 0 ? 0 : top, end = top + (rows - 1) * g->stride_h + (g->kernel_h - 1) * g->dilation_h + 1, last = end < g->in_h ? end : g->in_h;
  const int32_t in_rows = last > begin ? last - begin : 0;
  *skipped = begin;
  if (walks_by_columns(g)) {
    const int32_t taken = (g->out_w - 1) * g->stride_w + (g->kernel_w - 1) * g->dilation_w + 1 - g->pad_left;
    return (struct walk){taken < 0 ? 0 : taken < g->in_w ? taken : g->in_w, in_rows, g->out_w, rows, g->pad_left, begin - top, g->in_c, x_row, p->out_c, y_row};
  }
  return (struct walk){in_rows, g->in_w, rows, g->out_w, begin - top, g->pad_left, x_row, g->in_c, y_row, p->out_c};
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

/* The kernel as it is walked over: transposed where rows are columns. */
struct kernel {
  walk_planes *walk;
  int32_t rows, row_dilation, stride_rows, stride_columns;
  int32_t reach; /* pairs of columns that are read for a row of the kernel */
  int32_t row_words, weight_words; /* a kernel of one size has no row_words */
  int32_t filters; /* of a channel */
};

/* Bytes of a plane's row: it holds borders and image, or what the last outputs read. */
static int32_t plane_pitch(const struct kernel *k, int32_t pad, int32_t in, int32_t out) {
  const int32_t filled = (pad + in + 1) / 2, sixes = (out + 3) / 6;
  const int32_t read = k->stride_columns * (3 * sixes + (out > 6 * sixes)) + k->reach - 1;
  return PAIR_BYTES * (filled > read ? filled : read);
}

/* Rows of a plane under `rows` rows of output. */
static int32_t rows_under(const struct kernel *k, int32_t rows) {
  return (rows - 1) * k->stride_rows + (k->rows - 1) * k->row_dilation + 1;
}

static int32_t strip_rows(const dnnrt_window_t *g, const struct kernel *k) {
  if (walks_by_columns(g)) return g->out_h;
  const int32_t fit = (SMALL_PLANES / plane_pitch(k, g->pad_left, g->in_w, g->out_w) - rows_under(k, 1)) / k->stride_rows + 1;
  return fit > STRIP ? fit : STRIP;
}

/* Several filters of each channel. */
static void walk_filters(const struct kernel *k, const struct plane_args *args) {
  struct plane_args one = *args;
  one.channels = 1;
  for (int32_t i = 0; i < args->channels * k->filters; i++) {
    const int32_t channel = i / k->filters;
    one.plane = args->plane + 4 * channel;
    one.y = args->y + channel * k->filters + i; /* of every second channel */
    k->walk(&one);
    one.weights += k->weight_words;
    one.table += 2;
  }
}

static void walk_channels(const struct kernel *k, const struct plane_args *args) {
  if (k->filters == 1) k->walk(args);
  else walk_filters(k, args);
}

/* Whether the last row of a result of stride 1 and 3 kernel rows is computed apart, so that the planes need no border behind the image: the one
   before it serves as well when the last row of the image is copied halfway between the row before it and that border. */
static int32_t last_apart(const struct walk *g, const struct kernel *k, int32_t by_columns) {
  const int32_t same = k->stride_rows == 1 && g->pad_rows == 1 && g->in_rows == g->out_rows;
  return k->row_words == 0 && by_columns && same && g->out_rows > 1 && (g->out_rows & 1) != 0;
}

static void compute_strip(const dnnrt_conv2d_s8_t *p, const struct walk *g, const struct kernel *k, const int8_t *x, int8_t *y, void *scratch) {
  const int32_t stride = k->stride_columns, lead = g->pad_columns & 1, trail = (g->in_columns - lead) & 1;
  const int32_t pitch = plane_pitch(k, g->pad_columns, g->in_columns, g->out_columns), apart = last_apart(g, k, walks_by_columns(&p->window));
  const int32_t rows = g->out_rows - apart, size = rows_under(k, rows) * pitch;
  const uint32_t zero = (uint32_t)(uint16_t)p->x_zero * 0x10001u;
  int8_t *const planes = (int8_t *)scratch;
  uint32_t *to = (uint32_t *)scratch;
  struct gather_args gather = {
      x, (uint32_t *)(void *)(planes + g->pad_rows * pitch + g->pad_columns / 2 * PAIR_BYTES), (uint32_t)(uint8_t)p->x_zero * 0x1010101u,
      g->x_column, (g->in_columns - lead) / 2, lead, trail, g->in_rows, g->x_row, pitch};
#if DNNRT_DSP
  const int32_t outputs = g->out_columns - 2, whole = g->out_columns - 1, steps = (g->out_columns + 3) / 6 * 3;
#else
  const int32_t outputs = g->out_columns, whole = 0, steps = 0;
#endif
  struct plane_args args = {
      dnnrt_narrow_offset(p->requantize.y_zero, 8), rows, k->stride_rows * pitch - steps * stride * PAIR_BYTES,
      g->y_row - whole * g->y_column, outputs, TOGETHER, planes, y, (const uint32_t *)p->weights, p->bias, g->y_column, pitch,
      4 * k->row_words, k->row_dilation * pitch - PAIR_BYTES * (k->row_words + (stride == 1 ? 3 : 0)), k->rows * k->row_dilation * pitch,
      4 * k->weight_words};
  /* Gathering leaves the borders as they are. */
  for (int32_t i = size / 8; i > 0; i--, to += 2) to[0] = to[1] = zero;
  for (int32_t c = 0; c < p->window.in_c; c += args.channels) {
    int32_t first = c;
    args.channels = 1;
    if ((p->window.in_c & ~3) > c) {
      args.channels = TOGETHER;
      first = (c & ~3) + (c >> 1 & 1);
      gather.x = x + (c & ~3);
      if (g->in_rows > 0 && g->in_columns > 0) {
        if ((c & 2) == 0) gather_even(&gather);
        else gather_odd(&gather);
      }
    } else {
      gather_one(g, x + c, pitch, planes);
    }
    args.y = y + first * k->filters;
    walk_channels(k, &args);
    if (apart) {
      const int32_t half = (rows >> 1) * pitch;
      struct plane_args last = args;
      memcpy(planes + half, planes + (rows + 1) * pitch, (size_t)pitch);
      last.rows = 1;
      last.pitch = -half;
      last.plane += rows * pitch;
      last.y += rows * g->y_row;
      walk_channels(k, &last);
    }
    args.weights += args.channels * k->filters * k->weight_words;
    args.table += args.channels * k->filters * 2;
  }
}

/* scratch: planes of 2 channels of a strip. */
static void depthwise_strips(const dnnrt_conv2d_s8_t *p, const struct kernel *k, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const int32_t strip = strip_rows(g, k);
  for (int32_t oh = 0; oh < g->out_h; oh += strip) {
    int32_t skipped;
    const struct walk walk = walk_strip(p, oh, g->out_h - oh < strip ? g->out_h - oh : strip, &skipped);
    compute_strip(p, &walk, k, x + skipped * g->in_w * g->in_c, y + oh * g->out_w * p->out_c, scratch);
  }
  limit(y, g->out_h * g->out_w * p->out_c, &p->requantize);
}

#endif
