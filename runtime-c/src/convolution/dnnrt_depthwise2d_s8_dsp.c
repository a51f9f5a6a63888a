#include "dnnrt_planes_dsp.h"

/*
 * Depthwise 3x3 convolution, stride 1 or 2, for cores with dual 16-bit multiply-accumulate (dnnrt_planes_dsp.h).
 * Weights: five words a filter, (w00, w01), (w10, w11), (w20, w21), (w12, w02), (0, w22).
 */
#define WEIGHT_WORDS 5

#if DNNRT_DSP
/* s3..s8 weights (w0, w1), (w1, w2) of each row. */
#define BEGIN_PLANES \
  PLANE_PROLOGUE "vmov r1, s23\n 7:\n" NEXT_PLANE "vmov r11, s18\n ldm r11!, {r4, r5, r6, r7, r8}\n vmov s18, r11\n lsl r9, r7, #16\n" \
  "pkhtb r7, r7, r4, asr #16\n pkhtb r9, r9, r5, asr #16\n pkhtb r8, r8, r6, asr #16\n" \
  "vmov s3, r4\n vmov s4, r7\n vmov s5, r5\n vmov s6, r9\n vmov s7, r6\n vmov s8, r8\n"
#define SIX_PAIRS "ldr r10, [r0]\n ldr r11, [r0, #8]\n ldr r12, [r0, #16]\n ldr r2, [r0, #24]\n"

/* A row of the kernel: sums from a..f on. r3 weights, lr y, r10 r11 r12 r2 pairs. */
#define SIX_1(first, second, a, b, c, d, e, f) \
  SIX_PAIRS "vmov r3, " first "\n" \
  "smlad r4, r10, r3, " a "\n smlatb r5, r10, r3, " b "\n smlad r6, r11, r3, " c "\n smlatb r7, r11, r3, " d "\n" \
  "smlad r8, r12, r3, " e "\n smlatb r9, r12, r3, " f "\n vmov r3, " second "\n" \
  "smlabt r4, r11, r3, r4\n smlad r5, r11, r3, r5\n smlabt r6, r12, r3, r6\n smlad r7, r12, r3, r7\n smlabt r8, r2, r3, r8\n smlad r9, r2, r3, r9\n"
#define TWO_1(first, second) \
  "ldr r10, [r0]\n ldr r11, [r0, #8]\n vmov r3, " first "\n smlad r4, r10, r3, r4\n smlatb r5, r10, r3, r5\n" \
  "vmov r3, " second "\n smlabt r4, r11, r3, r4\n smlad r5, r11, r3, r5\n"
static __attribute__((naked, noinline)) void planes_stride_1(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      BEGIN_PLANES "0:\n" BEGIN_ROW "ble.w 6f\n"
      "1:\n vmov r9, s0\n" SIX_1("s3", "s4", "r9", "r9", "r9", "r9", "r9", "r9") "add r0, r0, r1\n"
      SIX_1("s5", "s6", "r4", "r5", "r6", "r7", "r8", "r9") "add r0, r0, r1\n"
      SIX_1("s7", "s8", "r4", "r5", "r6", "r7", "r8", "r9") "sub r0, r0, r1, lsl #1\n add r0, r0, #24\n" STORE_SIX("", "") END_ROW("")
      "6:\n vmov r4, s0\n mov r5, r4\n" TWO_1("s3", "s4") "add r0, r0, r1\n" TWO_1("s5", "s6") "add r0, r0, r1\n"
      TWO_1("s7", "s8") "sub r0, r0, r1, lsl #1\n" STORE_TWO("") FLOAT_SUMS("vmov s20, lr\n "));
}

/* The same, with r3 and lr weights, y in s20. */
#define LOAD_Y "vmov lr, s20\n "
#define SAVE_Y "vmov s20, lr\n "
#define SIX_2(first, second, a, b, c, d, e, f) \
  SIX_PAIRS "vmov r3, " first "\n vmov lr, " second "\n" \
  "smlad r4, r10, r3, " a "\n smlad r5, r11, r3, " b "\n smlad r6, r12, r3, " c "\n smlad r7, r2, r3, " d "\n" \
  "smlabt r4, r11, lr, r4\n smlabt r5, r12, lr, r5\n smlabt r6, r2, lr, r6\n" \
  "ldr r10, [r0, #32]\n ldr r11, [r0, #40]\n ldr r12, [r0, #48]\n" \
  "smlad r8, r10, r3, " e "\n smlad r9, r11, r3, " f "\n smlabt r7, r10, lr, r7\n smlabt r8, r11, lr, r8\n smlabt r9, r12, lr, r9\n"
#define TWO_2(first, second) \
  "ldr r10, [r0]\n ldr r11, [r0, #8]\n ldr r12, [r0, #16]\n vmov r3, " first "\n vmov lr, " second "\n" \
  "smlad r4, r10, r3, r4\n smlad r5, r11, r3, r5\n smlabt r4, r11, lr, r4\n smlabt r5, r12, lr, r5\n"
static __attribute__((naked, noinline)) void planes_stride_2(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      BEGIN_PLANES SAVE_Y "0:\n" BEGIN_ROW "ble.w 6f\n"
      "1:\n vmov r9, s0\n" SIX_2("s3", "s4", "r9", "r9", "r9", "r9", "r9", "r9") "add r0, r0, r1\n"
      SIX_2("s5", "s6", "r4", "r5", "r6", "r7", "r8", "r9") "add r0, r0, r1\n"
      SIX_2("s7", "s8", "r4", "r5", "r6", "r7", "r8", "r9") "sub r0, r0, r1, lsl #1\n add r0, r0, #48\n" STORE_SIX(LOAD_Y, SAVE_Y) END_ROW(SAVE_Y)
      "6:\n vmov r4, s0\n mov r5, r4\n" TWO_2("s3", "s4") "add r0, r0, r1\n" TWO_2("s5", "s6") "add r0, r0, r1\n"
      TWO_2("s7", "s8") "sub r0, r0, r1, lsl #1\n" STORE_TWO(LOAD_Y) FLOAT_SUMS(""));
}
#else
static void plane_of_stride(const struct plane_args *args, int32_t channel, int32_t stride) {
  const uint32_t *w = args->weights + channel * WEIGHT_WORDS;
  const int32_t *table = args->table + 2 * channel, m = table[1];
  const int32_t right[] = {(int16_t)(w[3] >> 16), (int16_t)w[3], (int16_t)(w[4] >> 16)};
  for (int32_t row = 0; row < args->rows; row++) {
    for (int32_t o = 0; o < args->outputs; o++) {
      uint32_t sum = (uint32_t)table[0];
      for (int32_t tap = 0; tap < 9; tap++) {
        const int32_t x = plane_value(args, channel, row * args->plane_step + tap / 3 * args->pitch, o * stride + tap % 3);
        sum += (uint32_t)(x * (tap % 3 == 2 ? right[tap / 3] : (int16_t)(w[tap / 3] >> 16 * (tap % 3))));
      }
      args->y[2 * channel + row * args->y_row_step + o * args->y_step] = narrow_sum((int32_t)sum, m, args->offset);
    }
  }
}

static void planes_stride_1(const struct plane_args *args) {
  for (int32_t i = 0; i < args->channels; i++) plane_of_stride(args, i, 1);
}

static void planes_stride_2(const struct plane_args *args) {
  for (int32_t i = 0; i < args->channels; i++) plane_of_stride(args, i, 2);
}
#endif

void dnnrt_depthwise2d_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const int32_t stride = p->window.stride_w;
  const struct kernel k = {stride == 1 ? planes_stride_1 : planes_stride_2, 3, 1, stride, stride, 2, 0, WEIGHT_WORDS, p->out_c / p->window.in_c};
  depthwise_strips(p, &k, x, y, scratch);
}
