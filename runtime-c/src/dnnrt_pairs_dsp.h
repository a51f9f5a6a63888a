/*
 * Inside the library: convolution in tiles of 4 pixels by a pair of channels a, b for cores with dual 16-bit multiply-accumulate, in two
 * forms. Weights are a stream, for each pair two sums to start from, the weights, multipliers (dnnrt_narrow.h):
 *
 * DNNRT_WIDE 0, weights of zero point 0, none -128, two in an int16 (dnnrt_dsp.h): b_a, b_a + 256 * b_b; [kernel row][quad][word]; m_a, m_b,
 * any. A channel for which there is only a float multiplier M has -M for m; b then b_a, b_a; words; m_a, -M_b, b_b.
 * DNNRT_WIDE 1, weights less their zero points as int16: b_a, b_b; [kernel row][quad][word][channel]; m_a, m_b.
 *
 * A row of the kernel whose size is no multiple of 4 ends with weights of 0, or (dnnrt_gather_dsp.h) the last ones of 3 rows have a quad of
 * their own.
 */
#ifndef DNNRT_PAIRS_DSP_H
#define DNNRT_PAIRS_DSP_H

#include "dnnrt_gather_dsp.h"
#include "dnnrt_narrow.h"

#define SHARES_TAILS 1
#if DNNRT_WIDE
#define EXTRA_WORDS 4
#define QUAD_WORDS 4
#else
#define EXTRA_WORDS 5
#define QUAD_WORDS 2
#endif
#define FRACTION_BITS 5 /* known to the assembly */

/* The order is known to the assembly. With `tiles` their fields are widened from x on; 0: the fields of one tile are in `column`. */
struct tile_args {
  const uint32_t *column_end, *column;
  int8_t *next; /* room for the assembly */
  const uint32_t *end;
  int32_t stride, offset, quads, zero;
  const int8_t *x;
  int32_t step, row_quads, rows, skip, tiles;
  int8_t *y;
  const uint32_t *weights;
  int32_t tail; /* place of the last values of the rows that share a quad, or 0 */
  int32_t pitch;
};

/* The fields of a tile that lie in the image. */
static void widen_args(const struct tile_args *args, const int8_t *x) {
  uint32_t *column = (uint32_t *)args->column;
  widen_tile(x, args->step, args->row_quads, args->rows, args->pitch, column);
  for (int32_t i = 0; args->tail > 0 && i < PIXELS; i++) {
    widen_tail(x + i * args->step + args->tail, args->pitch, column + 2 * PIXELS * args->row_quads * args->rows + i);
  }
}

#if DNNRT_DSP
#if DNNRT_WIDE
#define SECOND_SUM(sum) ""
#define STEP \
  "ldr r0, [r2], #4\n ldr lr, [r2], #4\n ldr r1, [r3], #4\n ldr r12, [r3], #4\n" \
  "smlad r4, r0, r1, r4\n smlad r8, lr, r1, r8\n smlad r5, r0, r12, r5\n smlad r9, lr, r12, r9\n" \
  "ldr r1, [r3], #4\n ldr r12, [r3], #4\n" \
  "smlad r6, r0, r1, r6\n smlad r10, lr, r1, r10\n smlad r7, r0, r12, r7\n smlad r11, lr, r12, r11\n"
/* The first one starts all pixels from the sums of the first. */
#define FIRST_STEP \
  "ldr r0, [r2], #4\n ldr lr, [r2], #4\n ldr r1, [r3, #4]\n ldr r12, [r3, #8]\n" \
  "smlad r5, r0, r1, r4\n smlad r9, lr, r1, r8\n smlad r6, r0, r12, r4\n smlad r10, lr, r12, r8\n" \
  "ldr r1, [r3, #12]\n ldr r12, [r3], #16\n" \
  "smlad r7, r0, r1, r4\n smlad r11, lr, r1, r8\n smlad r4, r0, r12, r4\n smlad r8, lr, r12, r8\n"
#define PIXEL_WORD "ldr r0, [r2], #4\n ldr r12, [r2], #4\n ldr r1, [r3], #16\n smlad r4, r0, r1, r4\n smlad r8, r12, r1, r8\n"
#define PIXEL_QUAD PIXEL_WORD PIXEL_WORD
/* Multipliers to r0, r1; what the second sums need before they can be narrowed, the first being the pair's; the offset to r12. */
#define LOAD_MULTIPLIERS "ldm r2!, {r0, r1}\n"
#define SUBTRACT(low, high) ""
#define SECOND_OFFSET "mov r12, lr\n"
#define SECOND_BITS "5"
#else
/* The exact sum of the second channel, its bias in r3. */
#define SECOND_SUM(sum) "add " sum ", r3, " sum ", asr #8\n "
#define STEP \
  "ldr r0, [r2], #4\n ldr r1, [r3], #4\n ldr r12, [r3], #4\n sxtb16 lr, r0\n" \
  "smlad r8, r0, r1, r8\n smlad r4, lr, r1, r4\n smlad r9, r0, r12, r9\n smlad r5, lr, r12, r5\n" \
  "ldr r1, [r3], #4\n ldr r12, [r3], #4\n" \
  "smlad r10, r0, r1, r10\n smlad r6, lr, r1, r6\n smlad r11, r0, r12, r11\n smlad r7, lr, r12, r7\n"
/* The first one starts all pixels from the sums of the first. */
#define FIRST_STEP \
  "ldr r0, [r2], #4\n ldr r1, [r3, #4]\n ldr r12, [r3, #8]\n sxtb16 lr, r0\n" \
  "smlad r9, r0, r1, r8\n smlad r5, lr, r1, r4\n smlad r10, r0, r12, r8\n smlad r6, lr, r12, r4\n" \
  "ldr r1, [r3, #12]\n ldr r12, [r3], #16\n" \
  "smlad r11, r0, r1, r8\n smlad r7, lr, r1, r4\n smlad r8, r0, r12, r8\n smlad r4, lr, r12, r4\n"
#define PIXEL_QUAD \
  "ldr r0, [r2], #4\n ldr r12, [r2], #4\n ldr r1, [r3], #16\n ldr lr, [r3], #16\n" \
  "smlad r8, r0, r1, r8\n sxtb16 r0, r0\n smlad r4, r0, r1, r4\n smlad r8, r12, lr, r8\n sxtb16 r12, r12\n smlad r4, r12, lr, r4\n"
#define LOAD_MULTIPLIERS "ldm r2!, {r0, r1, r3}\n"
#define SUBTRACT(low, high) "sub " high ", " high ", " low "\n "
#define SECOND_OFFSET "lsl r12, lr, #8\n"
#define SECOND_BITS "13"
#endif

/* s0..s15 as in the structure, but s2 y of the next pair, s6 entry of the loop. Two sums in floats, their multiplier in s18, zero in r12. */
#define IN_FLOATS(one, other) \
  "vmov s16, " one "\n vmov s17, " other "\n vcvt.f32.s32 s16, s16\n vcvt.f32.s32 s17, s17\n vnmul.f32 s16, s16, s18\n vnmul.f32 s17, s17, s18\n" \
  "vcvtr.s32.f32 s16, s16\n vcvtr.s32.f32 s17, s17\n vmov " one ", s16\n vmov " other ", s17\n" \
  "qadd " one ", " one ", r12\n qadd " other ", " other ", r12\n ssat " one ", #8, " one "\n ssat " other ", #8, " other "\n"
/* Where to enter `most` + 1 unrolled steps for the number of them in r1. */
#define ENTRY(most, bytes) "rsb r1, r1, #0\n and r1, r1, #" most "\n mov r2, #" bytes "\n mul r1, r1, r2\n adr.w r2, 2f\n add r1, r1, r2\n orr r1, r1, #1\n vmov s6, r1\n"

#define NARROW_ONE(sum, m, offset, bits) "smmla " sum ", " sum ", " m ", " offset "\n ssat " sum ", #8, " sum ", asr #" bits "\n "
#define NARROW_FIRST \
  NARROW_ONE("r4", "r0", "lr", "5") NARROW_ONE("r5", "r0", "lr", "5") NARROW_ONE("r6", "r0", "lr", "5") NARROW_ONE("r7", "r0", "lr", "5")
#define NARROW_SECOND \
  NARROW_ONE("r8", "r1", "r12", SECOND_BITS) NARROW_ONE("r9", "r1", "r12", SECOND_BITS) \
  NARROW_ONE("r10", "r1", "r12", SECOND_BITS) NARROW_ONE("r11", "r1", "r12", SECOND_BITS)
static __attribute__((naked, noinline)) void multiply_tiles(__attribute__((unused)) const struct tile_args *args) {
  __asm__ volatile(
      "push {r4-r11, lr}\n vldm r0!, {s0-s15}\n vpush {s16-s21}\n vldm r0, {s20, s21}\n"
      "vmov r1, s6\n lsl r1, r1, #1\n sub r1, r1, #1\n" ENTRY("7", "56")
      "vmov r0, s13\n cmp r0, #0\n beq 5f\n"
      "6:\n vmov r0, s8\n vmov r1, s9\n add r2, r1, r1, lsl #1\n vmov r12, s1\n vmov lr, s11\n"
      "7:\n vmov r3, s10\n"
      "8:\n ldr r4, [r0]\n ldr r5, [r0, r1]\n ldr r6, [r0, r1, lsl #1]\n ldr r7, [r0, r2]\n add r0, r0, #4\n"
      "sxtb16 r8, r4\n sxtb16 r9, r5\n sxtb16 r10, r6\n sxtb16 r11, r7\n"
      "sxtb16 r4, r4, ror #8\n sxtb16 r5, r5, ror #8\n sxtb16 r6, r6, ror #8\n sxtb16 r7, r7, ror #8\n"
      "str r9, [r12, #4]\n str r10, [r12, #8]\n str r11, [r12, #12]\n str r4, [r12, #16]\n str r5, [r12, #20]\n str r6, [r12, #24]\n"
      "str r7, [r12, #28]\n str r8, [r12], #32\n"
      "subs r3, r3, #1\n bne 8b\n"
      "vmov r4, s12\n add r0, r0, r4\n subs lr, lr, #1\n bne 7b\n"
      "vmov r0, s8\n vmov r3, s20\n cbz r3, 9f\n"
      "add r3, r0, r3\n vmov r4, s21\n mov lr, #4\n"
      "8:\n ldrsb r5, [r3]\n ldrsb r6, [r3, r4]\n ldrsb r7, [r3, r4, lsl #1]\n pkhbt r5, r5, r7, lsl #16\n uxth r6, r6\n"
      "str r6, [r12, #16]\n str r5, [r12], #4\n add r3, r3, r1\n subs lr, lr, #1\n bne 8b\n"
      "9:\n add r0, r0, r1, lsl #2\n vmov s8, r0\n"
      "5:\n vmov r2, s15\n vmov r0, s14\n vmov s2, r0\n"
      "1:\n ldm r2!, {r4, r8}\n vmov r3, s1\n" FIRST_STEP "vmov r0, s6\n bx r0\n"
      ".balign 4\n"
      "2:\n" STEP STEP STEP STEP STEP STEP STEP STEP
      "vmov r0, s0\n cmp r3, r0\n bne.w 2b\n" LOAD_MULTIPLIERS
      SUBTRACT("r4", "r8") SUBTRACT("r5", "r9") SUBTRACT("r6", "r10") SUBTRACT("r7", "r11") "orrs r12, r0, r1\n bmi.w 4f\n"
      "vmov lr, s5\n" SECOND_OFFSET
      NARROW_FIRST NARROW_SECOND
      "3:\n bfi r4, r8, #8, #8\n bfi r5, r9, #8, #8\n bfi r6, r10, #8, #8\n bfi r7, r11, #8, #8\n"
      "vmov r0, s2\n vmov r1, s4\n add r3, r0, r1\n add r12, r3, r1\n add lr, r12, r1\n"
      "strh r5, [r3]\n strh r6, [r12]\n strh r7, [lr]\n strh r4, [r0], #2\n vmov s2, r0\n vmov r0, s3\n cmp r2, r0\n bne.w 1b\n"
      "vmov r0, s14\n add r0, r0, r1, lsl #2\n vmov s14, r0\n vmov r0, s13\n subs r0, r0, #1\n vmov s13, r0\n bgt.w 6b\n"
      "vpop {s16-s21}\n pop {r4-r11, pc}\n"
      "4:\n vmov lr, s5\n cmp r0, #0\n bmi 10f\n" NARROW_FIRST "b.n 11f\n"
      "10:\n vmov s18, r0\n vmov r12, s7\n" IN_FLOATS("r4", "r5") IN_FLOATS("r6", "r7")
      "11:\n cmp r1, #0\n bmi 12f\n" SECOND_OFFSET NARROW_SECOND "b.w 3b\n"
      "12:\n vmov s18, r1\n vmov r12, s7\n" SECOND_SUM("r8") SECOND_SUM("r9") SECOND_SUM("r10") SECOND_SUM("r11")
      IN_FLOATS("r8", "r9") IN_FLOATS("r10", "r11") "b.w 3b\n");
}

/* The first pixel of a tile whose fields are in `column`. */
static __attribute__((naked, noinline)) void multiply_pixel(__attribute__((unused)) const struct tile_args *args) {
  __asm__ volatile(
      "push {r4-r11, lr}\n vldm r0, {s0-s15}\n vpush {s16-s19}\n vmov r1, s6\n" ENTRY("3", "40") "vmov r2, s15\n vmov r11, s14\n"
      "1:\n ldm r2!, {r4, r8}\n vmov r3, s1\n vmov r0, s6\n bx r0\n"
      ".balign 4\n"
      "2:\n" PIXEL_QUAD PIXEL_QUAD PIXEL_QUAD PIXEL_QUAD
      "vmov r0, s0\n cmp r3, r0\n bne 2b\n" LOAD_MULTIPLIERS SUBTRACT("r4", "r8") "orrs r12, r0, r1\n bmi 4f\n vmov lr, s5\n" SECOND_OFFSET
      NARROW_ONE("r4", "r0", "lr", "5") NARROW_ONE("r8", "r1", "r12", SECOND_BITS)
      "3:\n bfi r4, r8, #8, #8\n strh r4, [r11], #2\n vmov r0, s3\n cmp r2, r0\n bne.w 1b\n"
      "vpop {s16-s19}\n pop {r4-r11, pc}\n"
      "4:\n vmov lr, s5\n vmov s18, r0\n cmp r0, #0\n bmi 10f\n" NARROW_ONE("r4", "r0", "lr", "5") "b.n 11f\n"
      "10:\n vmov r12, s7\n" IN_FLOATS("r4", "r5")
      "11:\n cmp r1, #0\n bmi 12f\n" SECOND_OFFSET NARROW_ONE("r8", "r1", "r12", SECOND_BITS) "b.w 3b\n"
      "12:\n vmov s18, r1\n vmov r12, s7\n" SECOND_SUM("r8") IN_FLOATS("r8", "r9") "b.w 3b\n");
}
#else
static void multiply_pixels(const struct tile_args *args, int32_t pixels, int8_t *y) {
  const int32_t words = QUAD_WORDS * args->quads;
  for (const uint32_t *w = args->weights; w != args->end; w += words + EXTRA_WORDS, y += 2) {
    const uint32_t *first = w + 2, *table = first + words;
    const int32_t a = (int32_t)table[0], b = (int32_t)table[1];
    for (int32_t i = 0; i < pixels; i++) {
      uint32_t low = w[0], high = w[1];
      const uint32_t *x = args->column + i;
      for (int32_t k = 0; k < words; x += PIXELS) {
#if DNNRT_WIDE
        low = dnnrt_smlad(first[k++], *x, low);
        high = dnnrt_smlad(first[k++], *x, high);
#else
        low = dnnrt_smlad(dnnrt_widen_even(first[k]), *x, low);
        high = dnnrt_smlad(first[k++], *x, high);
#endif
      }
      int8_t *to = y + i * args->stride;
#if DNNRT_WIDE
      const int32_t second = (int32_t)high, shift = 0, exact = second;
#else
      const int32_t second = (int32_t)(high - low), shift = 8, exact = second / 256 + (int32_t)table[2];
#endif
      to[0] = a < 0 ? (int8_t)dnnrt_requantize((int32_t)low, dnnrt_negated(a), args->zero, -128, 127)
                    : dnnrt_narrow((int32_t)low, a, args->offset, FRACTION_BITS);
      to[1] = b < 0 ? (int8_t)dnnrt_requantize(exact, dnnrt_negated(b), args->zero, -128, 127)
                    : dnnrt_narrow(second, b, args->offset * (1 << shift), FRACTION_BITS + shift);
    }
  }
}

static void multiply_tiles(const struct tile_args *args) {
  if (args->tiles == 0) multiply_pixels(args, PIXELS, args->y);
  for (int32_t i = 0; i < args->tiles; i++) {
    widen_args(args, args->x + i * PIXELS * args->step);
    multiply_pixels(args, PIXELS, args->y + i * PIXELS * args->stride);
  }
}

static void multiply_pixel(const struct tile_args *args) { multiply_pixels(args, 1, args->y); }
#endif

static struct tile_args begin_tiles(const struct fields *f, uint32_t *column) {
  const dnnrt_conv2d_s8_t *p = f->p;
  const dnnrt_window_t *g = &p->window;
  const int32_t zero = p->requantize.y_zero, quads = field_quads(f);
  const uint32_t *weights = (const uint32_t *)p->weights;
  return (struct tile_args){
      column + 2 * PIXELS * quads, column, 0, weights + p->out_c / 2 * (QUAD_WORDS * quads + EXTRA_WORDS), p->out_c, dnnrt_narrow_offset(zero, FRACTION_BITS), quads, zero,
      0, g->stride_w * g->in_c, f->quads, g->kernel_h, 0, 0, 0, weights, f->tail ? 4 * f->quads : 0, 0};
}

/* All channels of 1 or 4 pixels whose fields are in the column; an odd last channel goes through 8 spare bytes. */
static void compute_tile(const dnnrt_conv2d_s8_t *p, struct tile_args *args, int32_t pixels, int8_t *y, int8_t *spare) {
  const int32_t channels = p->out_c;
  void (*const multiply)(const struct tile_args *) = pixels == 1 ? multiply_pixel : multiply_tiles;
  args->tiles = 0;
  args->y = y;
  if (channels > 1) multiply(args);
  if ((channels & 1) != 0) {
    struct tile_args end = *args;
    end.weights = args->end;
    end.end = end.weights + QUAD_WORDS * end.quads + EXTRA_WORDS;
    end.y = spare;
    end.stride = 2;
    multiply(&end);
    for (int32_t i = 0; i < pixels; i++) y[(i + 1) * channels - 1] = spare[2 * i];
  }
}

/* `tiles` tiles side by side whose fields lie in rows of `pitch` bytes from x on. */
static void compute_tiles(const dnnrt_conv2d_s8_t *p, struct tile_args *args, int32_t tiles, const int8_t *x, int32_t pitch, int8_t *y, int8_t *spare) {
  args->pitch = pitch;
  args->skip = pitch - 4 * args->row_quads;
  if ((p->out_c & 1) == 0) {
    args->tiles = tiles;
    args->x = x;
    args->y = y;
    multiply_tiles(args);
    return;
  }
  for (; tiles > 0; tiles--, x += PIXELS * args->step, y += PIXELS * p->out_c) {
    widen_args(args, x);
    compute_tile(p, args, PIXELS, y, spare);
  }
}

#include "dnnrt_conv2d_dsp.h"

#endif
