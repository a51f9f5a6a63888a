#include "dnnrt_planes_dsp.h"

/*
 * Depthwise convolution with kernels of any size for cores with dual 16-bit multiply-accumulate
 * (dnnrt_planes_dsp.h). Along the rows that it walks over strides are 1 or 2; dilated kernels have zeros between their weights there.
 * Weights of a filter: [kernel row][pair of neighbours], two int16 a word, an odd last one with 0.
 */

#if DNNRT_DSP
/* s3 weights, s4 bytes of a row of them, s5 from where a row of the kernel ends to the next row of the plane, s6 planes under the kernel, s7
   bytes of the filter's weights, s8 their end. r0 plane, r1 weights, lr their end in the row, r10 r11 r12 r2 pairs of columns, r3 weights. */
#define BEGIN_PLANES \
  PLANE_PROLOGUE "vldm r0, {s4-s7}\n 7:\n" NEXT_PLANE SAVE_Y \
  "vmov r11, s18\n vmov s3, r11\n vmov r4, s7\n add r11, r11, r4\n vmov s18, r11\n vmov s8, r11\n"
#define LOAD_Y "vmov lr, s20\n "
#define SAVE_Y "vmov s20, lr\n "
#define BEGIN_KERNEL_ROW "vmov lr, s4\n add lr, r1, lr\n"
/* Back to `again` for the next row of the kernel; `more` bytes further; at its end back to where it began. */
#define END_KERNEL_ROW(again, more) \
  "vmov r3, s5\n add r0, r0, r3\n " more "vmov r3, s8\n cmp r1, r3\n bne " again "\n vmov r3, s6\n sub r0, r0, r3\n"

/* Two weights for six outputs over pairs a..d; d is new. */
#define SIX_1(a, b, c, d) \
  "ldr " d ", [r0], #8\n ldr r3, [r1], #4\n" \
  "smlatb r5, " a ", r3, r5\n smlad r4, " a ", r3, r4\n smlabt r5, " b ", r3, r5\n smlad r6, " b ", r3, r6\n smlatb r7, " b ", r3, r7\n" \
  "smlabt r7, " c ", r3, r7\n smlad r8, " c ", r3, r8\n smlatb r9, " c ", r3, r9\n smlabt r9, " d ", r3, r9\n cmp r1, lr\n"
static __attribute__((naked, noinline)) void planes_stride_1(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      BEGIN_PLANES "0:\n" BEGIN_ROW "ble.w 6f\n"
      "1:\n vmov r4, s0\n mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r8, r4\n mov r9, r4\n vmov r1, s3\n"
      "61:\n" BEGIN_KERNEL_ROW "ldr r10, [r0], #8\n ldr r11, [r0], #8\n ldr r12, [r0], #8\n"
      "62:\n" SIX_1("r10", "r11", "r12", "r2") "beq 63f\n" SIX_1("r11", "r12", "r2", "r10") "beq 63f\n"
      SIX_1("r12", "r2", "r10", "r11") "beq 63f\n" SIX_1("r2", "r10", "r11", "r12") "bne 62b\n"
      "63:\n" END_KERNEL_ROW("61b", "") "add r0, r0, #24\n" STORE_SIX(LOAD_Y, SAVE_Y) END_ROW(SAVE_Y)
      "6:\n vmov r4, s0\n mov r5, r4\n vmov r1, s3\n"
      "61:\n" BEGIN_KERNEL_ROW "ldr r10, [r0], #8\n"
      "62:\n ldr r11, [r0], #8\n ldr r3, [r1], #4\n"
      "smlad r4, r10, r3, r4\n smlatb r5, r10, r3, r5\n smlabt r5, r11, r3, r5\n mov r10, r11\n cmp r1, lr\n bne 62b\n"
      END_KERNEL_ROW("61b", "add r0, r0, #16\n ") STORE_TWO(LOAD_Y) FLOAT_SUMS(""));
}

static __attribute__((naked, noinline)) void planes_stride_2(__attribute__((unused)) const struct plane_args *args) {
  __asm__ volatile(
      BEGIN_PLANES "0:\n" BEGIN_ROW "ble.w 6f\n"
      "1:\n vmov r4, s0\n mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r8, r4\n mov r9, r4\n vmov r1, s3\n"
      "61:\n" BEGIN_KERNEL_ROW
      "62:\n ldr r3, [r1], #4\n ldr r10, [r0], #8\n ldr r11, [r0]\n ldr r12, [r0, #8]\n ldr r2, [r0, #16]\n"
      "smlad r4, r10, r3, r4\n smlad r5, r11, r3, r5\n smlad r6, r12, r3, r6\n smlad r7, r2, r3, r7\n"
      "ldr r10, [r0, #24]\n ldr r11, [r0, #32]\n smlad r8, r10, r3, r8\n smlad r9, r11, r3, r9\n cmp r1, lr\n bne 62b\n"
      END_KERNEL_ROW("61b", "") "add r0, r0, #48\n" STORE_SIX(LOAD_Y, SAVE_Y) END_ROW(SAVE_Y)
      "6:\n vmov r4, s0\n mov r5, r4\n vmov r1, s3\n"
      "61:\n" BEGIN_KERNEL_ROW
      "62:\n ldr r3, [r1], #4\n ldr r10, [r0], #8\n ldr r11, [r0]\n smlad r4, r10, r3, r4\n smlad r5, r11, r3, r5\n cmp r1, lr\n bne 62b\n"
      END_KERNEL_ROW("61b", "") STORE_TWO(LOAD_Y) FLOAT_SUMS(""));
}
#else
static void plane_of_stride(const struct plane_args *args, int32_t channel, int32_t stride) {
  const uint32_t *w = args->weights + channel * (args->channel_bytes / 4);
  const int32_t *table = args->table + 2 * channel;
  const int32_t row_words = args->row_bytes / 4, rows = args->channel_bytes / args->row_bytes, kernel_pitch = args->kernel_bytes / rows;
  for (int32_t row = 0; row < args->rows; row++) {
    for (int32_t o = 0; o < args->outputs; o++) {
      uint32_t sum = (uint32_t)table[0];
      for (int32_t tap = 0; tap < 2 * rows * row_words; tap++) {
        const int32_t kernel_row = tap / (2 * row_words), column = tap % (2 * row_words);
        const int32_t weight = (int16_t)(w[tap / 2] >> 16 * (tap % 2));
        sum += (uint32_t)(plane_value(args, channel, row * args->plane_step + kernel_row * kernel_pitch, o * stride + column) * weight);
      }
      args->y[2 * channel + row * args->y_row_step + o * args->y_step] = narrow_sum((int32_t)sum, table[1], args->offset);
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

void dnnrt_depthwise2d_taps_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const int32_t turned = walks_by_columns(g), rows = turned ? g->kernel_w : g->kernel_h, columns = turned ? g->kernel_h : g->kernel_w;
  const int32_t stride_rows = turned ? g->stride_w : g->stride_h, stride = turned ? g->stride_h : g->stride_w;
  const int32_t dilation = turned ? g->dilation_h : g->dilation_w;
  const int32_t words = ((columns - 1) * dilation + 2) / 2;
  const struct kernel k = {
      stride == 1 ? planes_stride_1 : planes_stride_2, rows, turned ? g->dilation_w : g->dilation_h, stride_rows, stride,
      stride == 1 ? words + 1 : words, words, rows * words, p->out_c / g->in_c};
  depthwise_strips(p, &k, x, y, scratch);
}
