/*
 * Inside the library: a fully connected layer in blocks of 8 outputs for cores with dual 16-bit multiply-accumulate (dnnrt_dsp.h), in two
 * forms as in dnnrt_conv2d_dsp.h. x is widened to int16 once, its zero point is part of the bias. Weights: [block of 4 channel
 * pairs][quad][word][pair]. Sums are taken apart every CHUNK quads, before 256 times the second channel's can wrap.
 */
#ifndef DNNRT_FC_DSP_H
#define DNNRT_FC_DSP_H

#include "dnnrt_dsp.h"

#define CHUNK 124
#define CHUNK_BYTES "992"
#if DNNRT_OFFSET_WEIGHTS
#define EXTEND "uxtb16"
#else
#define EXTEND "sxtb16"
#endif
#define OUTPUTS 8

static void widen(const int8_t *x, int32_t n, uint32_t *wide) {
  for (; n >= 4; n -= 4, x += 4, wide += 2) {
    const uint32_t quad = dnnrt_load_word(x);
    wide[0] = dnnrt_widen_even(quad);
    wide[1] = dnnrt_widen_odd(quad);
  }
  if (n > 0) {
    const int32_t v1 = n > 1 ? x[1] : 0, v2 = n > 2 ? x[2] : 0;
    wide[0] = (uint32_t)(uint16_t)x[0] | (uint32_t)v2 << 16;
    wide[1] = (uint32_t)(uint16_t)v1;
  }
}

struct block_args {
  const uint32_t *weights, *wide;
  int32_t quads, first; /* first: those of the first chunk */
  const int32_t *bias;
  const float *multiplier;
  int8_t *y;
  int32_t zero;
};

/* Eight outputs; eight multipliers. */
#if DNNRT_DSP
#define TWO(a, b, c, d) \
  EXTEND " lr, r0\n smlad " b ", r0, r12, " b "\n smlad " a ", lr, r12, " a "\n" \
  EXTEND " lr, r3\n smlad " d ", r3, r12, " d "\n smlad " c ", lr, r12, " c "\n"
#define WORD \
  "ldr r12, [r1], #4\n ldr r0, [r2], #4\n ldr r3, [r2], #4\n" TWO("r4", "r5", "r6", "r7") \
  "ldr r0, [r2], #4\n ldr r3, [r2], #4\n" TWO("r8", "r9", "r10", "r11")
#define QUAD WORD WORD
#define QUAD_BYTES "136"
#define FOLD(sum, low, high) \
  "vmov r0, " sum "\n sub " high ", " high ", " low "\n add r0, r0, " high ", asr #8\n vmov " sum ", r0\n mov " high ", " low "\n"
static __attribute__((naked, noinline)) void multiply_block(__attribute__((unused)) const struct block_args *args) {
  /* s0 end of the chunk, s1..s4 sums of the second channels, s5 multiplier, s6 y, s7 zero, s8 end of the widened input. */
  __asm__ volatile(
      "push {r4-r11, lr}\n vpush {s16-s23}\n"
      "ldm r0, {r2, r4, r5, r6, r7, r8, r9, r10}\n"
      "mov r1, r4\n add r0, r4, r6, lsl #3\n vmov s0, r0\n add r4, r4, r5, lsl #3\n vmov s8, r4\n"
      "vmov s5, r8\n vmov s6, r9\n vmov s7, r10\n mov r6, r7\n"
      "rsb r0, r5, #0\n and r0, r0, #3\n mov r3, #" QUAD_BYTES "\n mul r0, r0, r3\n"
      "adr.w r3, 2f\n add r0, r0, r3\n orr r0, r0, #1\n"
      "ldm r6, {r4-r11}\n vmov s1, r5\n vmov s2, r7\n vmov s3, r9\n vmov s4, r11\n"
      "mov r5, r4\n mov r7, r6\n mov r9, r8\n mov r11, r10\n bx r0\n"
      ".balign 4\n"
      "2:\n" QUAD QUAD QUAD QUAD
      "vmov r0, s0\n cmp r1, r0\n bne.w 2b\n"
      "vmov r3, s8\n cmp r1, r3\n beq 3f\n"
      "add r0, r0, #" CHUNK_BYTES "\n vmov s0, r0\n" FOLD("s1", "r4", "r5") FOLD("s2", "r6", "r7") FOLD("s3", "r8", "r9") FOLD("s4", "r10", "r11")
      "b.w 2b\n"
      "3:\n"
      "sub r5, r5, r4\n sub r7, r7, r6\n sub r9, r9, r8\n sub r11, r11, r10\n"
      "vmov r0, s1\n vmov r1, s2\n vmov r2, s3\n vmov r3, s4\n"
      "add r5, r0, r5, asr #8\n add r7, r1, r7, asr #8\n add r9, r2, r9, asr #8\n add r11, r3, r11, asr #8\n"
      "vmov s8, r4\n vmov s9, r5\n vmov s10, r6\n vmov s11, r7\n vmov s12, r8\n vmov s13, r9\n vmov s14, r10\n vmov s15, r11\n"
      "vmov r0, s5\n vldm r0, {s16-s23}\n"
      "vcvt.f32.s32 s8, s8\n vcvt.f32.s32 s9, s9\n vcvt.f32.s32 s10, s10\n vcvt.f32.s32 s11, s11\n"
      "vcvt.f32.s32 s12, s12\n vcvt.f32.s32 s13, s13\n vcvt.f32.s32 s14, s14\n vcvt.f32.s32 s15, s15\n"
      "vmul.f32 s8, s8, s16\n vmul.f32 s9, s9, s17\n vmul.f32 s10, s10, s18\n vmul.f32 s11, s11, s19\n"
      "vmul.f32 s12, s12, s20\n vmul.f32 s13, s13, s21\n vmul.f32 s14, s14, s22\n vmul.f32 s15, s15, s23\n"
      "vcvtr.s32.f32 s8, s8\n vcvtr.s32.f32 s9, s9\n vcvtr.s32.f32 s10, s10\n vcvtr.s32.f32 s11, s11\n"
      "vcvtr.s32.f32 s12, s12\n vcvtr.s32.f32 s13, s13\n vcvtr.s32.f32 s14, s14\n vcvtr.s32.f32 s15, s15\n"
      "vmov r4, s8\n vmov r5, s9\n vmov r6, s10\n vmov r7, s11\n vmov r8, s12\n vmov r9, s13\n vmov r10, s14\n vmov r11, s15\n"
      "vmov r0, s7\n vmov r1, s6\n"
      "qadd r4, r4, r0\n qadd r5, r5, r0\n qadd r6, r6, r0\n qadd r7, r7, r0\n"
      "qadd r8, r8, r0\n qadd r9, r9, r0\n qadd r10, r10, r0\n qadd r11, r11, r0\n"
      "ssat r4, #8, r4\n ssat r5, #8, r5\n ssat r6, #8, r6\n ssat r7, #8, r7\n"
      "ssat r8, #8, r8\n ssat r9, #8, r9\n ssat r10, #8, r10\n ssat r11, #8, r11\n"
      "strb r4, [r1]\n strb r5, [r1, #1]\n strb r6, [r1, #2]\n strb r7, [r1, #3]\n"
      "strb r8, [r1, #4]\n strb r9, [r1, #5]\n strb r10, [r1, #6]\n strb r11, [r1, #7]\n"
      "vpop {s16-s23}\n pop {r4-r11, pc}\n");
}
#else
static void multiply_block(const struct block_args *args) {
  for (int32_t c = 0; c < OUTPUTS; c += 2) {
    const uint32_t *w = args->weights + c / 2;
    uint32_t sum = (uint32_t)args->bias[c], low = sum;
    int32_t second = args->bias[c + 1], end = 2 * args->first;
    for (int32_t k = 0; k < 2 * args->quads; k++, w += OUTPUTS / 2) {
      if (k == end) {
        second += (int32_t)(sum - low) / 256;
        sum = low;
        end += 2 * CHUNK;
      }
      sum = dnnrt_smlad(*w, args->wide[k], sum);
#if DNNRT_OFFSET_WEIGHTS
      low = dnnrt_smlad(*w & 0x00ff00ffu, args->wide[k], low);
#else
      low = dnnrt_smlad(dnnrt_widen_even(*w), args->wide[k], low);
#endif
    }
    second += (int32_t)(sum - low) / 256;
    args->y[c] = (int8_t)dnnrt_requantize((int32_t)low, args->multiplier[c], args->zero, -128, 127);
    args->y[c + 1] = (int8_t)dnnrt_requantize(second, args->multiplier[c + 1], args->zero, -128, 127);
  }
}
#endif

#if DNNRT_OFFSET_WEIGHTS
#define BIASES 16
static int32_t sum_inputs(const uint32_t *wide, int32_t quads) {
  uint32_t sum = 0;
  for (int32_t words = 2 * quads; words > 0; words--) sum = dnnrt_smlad(*wide++, 0x10001, sum);
  return (int32_t)sum;
}
#else
#define BIASES 8
#endif

static void limit(int8_t *y, int32_t n, int32_t lo, int32_t hi) {
  for (; n > 0; n--, y++) *y = (int8_t)(*y < lo ? lo : *y > hi ? hi : *y);
}

/* scratch: 8 bytes for every 4 inputs. bias: 8 a block, with offset weights 8 factors of the inputs' sum behind them. */
static inline void dnnrt_multiply_rows(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_requantize_t *q = &p->requantize;
  const int32_t outputs = (int32_t)p->out_n, quads = ((int32_t)p->in_n + 3) / 4;
  float multipliers[OUTPUTS];
  int8_t spare[OUTPUTS];
  for (int32_t i = 0; i < OUTPUTS; i++) multipliers[i] = q->multiplier[0];
  for (uint32_t row = 0; row < p->rows; row++, x += p->in_n, y += outputs) {
    struct block_args args = {(const uint32_t *)p->weights, (const uint32_t *)scratch, quads, (quads - 1) % CHUNK + 1, p->bias, multipliers, y, q->y_zero};
    widen(x, (int32_t)p->in_n, (uint32_t *)scratch);
#if DNNRT_OFFSET_WEIGHTS
    const int32_t inputs = sum_inputs(args.wide, quads);
    const int32_t *bias = p->bias;
    int32_t biases[OUTPUTS];
    args.bias = biases;
#endif
    for (int32_t o = 0; o < outputs; o += OUTPUTS) {
      const int32_t n = outputs - o < OUTPUTS ? outputs - o : OUTPUTS;
      if (q->per_channel && n == OUTPUTS) args.multiplier = q->multiplier + o;
      if (n < OUTPUTS) {
        for (int32_t i = 0; i < n; i++) multipliers[i] = q->multiplier[(o + i) * q->per_channel];
        args.multiplier = multipliers;
        args.y = spare;
      }
#if DNNRT_OFFSET_WEIGHTS
      for (int32_t i = 0; i < OUTPUTS; i++) biases[i] = bias[i] - bias[OUTPUTS + i] * inputs;
      bias += BIASES;
#endif
      multiply_block(&args);
      args.weights += quads * OUTPUTS;
#if !DNNRT_OFFSET_WEIGHTS
      args.bias += BIASES;
#endif
      args.y += OUTPUTS;
    }
    memcpy(y + outputs / OUTPUTS * OUTPUTS, spare, (size_t)(outputs % OUTPUTS));
    if (q->lo > -128 || q->hi < 127) limit(y, outputs, q->lo, q->hi);
  }
}

#endif
