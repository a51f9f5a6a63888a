#include "dnnrt_gather_dsp.h"

/*
 * Convolution without groups, one image, any weights and zero points: the first channel of a pair is stored 128 higher, and the sum of the
 * inputs times (zero point + that) is taken off. Weights: [channel pair][kernel row][quad][word]; a row of the kernel whose size
 * is no multiple of 4 ends with weights of 0. bias: four a channel pair.
 */
struct tile_args {
  const uint32_t *weights;
  uint32_t *column;
  const int32_t *bias;
  const float *multiplier;
  int8_t *y;
  int32_t stride, pairs, quads, zero, step;
  int32_t inputs[PIXELS]; /* sums of the 4 columns */
};

/*
 * y[pixel * stride + channel] of 4 pixels and `pairs` pairs of channels; `step` = bytes between multipliers. bias: four a pair, the
 * biases, then the factors of the inputs' sum.
 */

#define SHARES_TAILS 0
#define BIASES 4
/* r4..r7 are sums of the first channel, r8..r11 become those of the second. */
#define FINISH_SUMS \
  "vmov r12, s24\n ldm r12, {r0, r1, r2, r3}\n vmov r12, s22\n" \
  "mls r4, r0, r12, r4\n mls r5, r1, r12, r5\n mls r6, r2, r12, r6\n mls r7, r3, r12, r7\n" \
  "vmov r12, s23\n vmov lr, s7\n" \
  "add r8, lr, r8, asr #8\n add r9, lr, r9, asr #8\n add r10, lr, r10, asr #8\n add r11, lr, r11, asr #8\n" \
  "mls r8, r0, r12, r8\n mls r9, r1, r12, r9\n mls r10, r2, r12, r10\n mls r11, r3, r12, r11\n vmov r2, s0\n"

#if DNNRT_DSP
#define STEP \
  "ldr r0, [r2], #4\n ldr r1, [r3], #4\n ldr r12, [r3], #4\n uxtb16 lr, r0\n" \
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
      "ldm r0!, {r2, r4, r5, r6, r7, r8, r9, r10}\n ldr r11, [r0]\n ldr r3, [r0, #4]\n add r12, r0, #8\n vmov s24, r12\n"
      "vmov s1, r4\n vmov s3, r5\n vmov s18, r6\n vmov s2, r7\n vmov s17, r8\n vmov s4, r9\n vmov s16, r11\n vmov s19, r3\n"
      "lsl r0, r10, #3\n vmov s5, r0\n"
      "rsb r0, r10, #0\n and r0, r0, #3\n mov r1, #" QUAD_BYTES "\n mul r0, r0, r1\n"
      "adr.w r1, 2f\n add r0, r0, r1\n orr r0, r0, #1\n vmov s6, r0\n"
      "1:\n"
      "vmov r12, s3\n ldr r4, [r12], #4\n ldr r0, [r12], #4\nvldm r12!, {s22, s23}\n vmov s3, r12\n  vmov s7, r0\n"
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
        low = dnnrt_smlad(w[k] & 0x00ff00ffu, args->column[k * PIXELS + i], low);
      }
      int32_t first = (int32_t)low, second = (int32_t)(sum - low) / 256 + bias[1];
      first -= bias[2] * args->inputs[i];
      second -= bias[3] * args->inputs[i];
      int8_t *y = args->y + i * args->stride + c;
      y[0] = (int8_t)dnnrt_requantize(first, a, args->zero, -128, 127);
      y[1] = (int8_t)dnnrt_requantize(second, b, args->zero, -128, 127);
    }
  }
}
#endif

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

static struct tile_args begin_tiles(const struct fields *f, uint32_t *column) {
  const dnnrt_requantize_t *q = &f->p->requantize;
  const int32_t quads = field_quads(f);
  return (struct tile_args){0, column, 0, 0, 0, 0, 0, quads, q->y_zero, 4 * q->per_channel, {0}};
}

/* A single pixel, and an odd last channel, have no place in y for all that is computed. */
static void compute_tile(const dnnrt_conv2d_s8_t *p, struct tile_args *args, int32_t pixels, int8_t *y, int8_t *tile) {
  const int32_t channels = p->out_c, last = channels - 1;
  int8_t *to = pixels == PIXELS ? y : tile, *spare = tile + PIXELS * channels;
  sum_inputs(args->column, p->window.kernel_w * p->window.in_c, p->window.kernel_h, args->inputs);
  args->weights = (const uint32_t *)p->weights;
  args->bias = p->bias;
  args->multiplier = p->requantize.multiplier;
  args->y = to;
  args->stride = channels;
  args->pairs = channels / 2;
  if (args->pairs > 0) multiply_tile(args);
  if ((channels & 1) != 0) {
    args->weights += last * args->quads;
    args->bias += last / 2 * BIASES;
    args->multiplier += last * p->requantize.per_channel;
    args->y = spare;
    args->stride = 2;
    args->pairs = 1;
    multiply_tile(args);
    for (int32_t i = 0; i < pixels; i++) to[i * channels + last] = spare[2 * i];
  }
  if (to != y) memcpy(y, to, (size_t)(pixels * channels));
}

static void compute_tiles(const dnnrt_conv2d_s8_t *p, struct tile_args *args, int32_t tiles, const int8_t *x, int32_t pitch, int8_t *y, int8_t *tile) {
  const dnnrt_window_t *g = &p->window;
  const int32_t step = g->stride_w * g->in_c, quads = args->quads / g->kernel_h;
  for (; tiles > 0; tiles--, x += PIXELS * step, y += PIXELS * p->out_c) {
    widen_tile(x, step, quads, g->kernel_h, pitch, args->column);
    compute_tile(p, args, PIXELS, y, tile);
  }
}

#include "dnnrt_conv2d_dsp.h"

void dnnrt_conv2d_affine_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  dnnrt_convolve_tiles(p, x, y, scratch);
}
