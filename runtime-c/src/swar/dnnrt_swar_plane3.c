#include "dnnrt_swar_plane.h"

/*
 * 3x3 depthwise over one channel. A word of the plane holds two pixels that lie half an image apart, so one product serves an output in
 * each half. Sums of the three products of a kernel column (or of two and of one, where large weights would overflow half a word)
 * are taken apart with 2^15 added, which keeps the lower half positive; start_low makes up for it.
 */
#if DNNRT_THUMB
#define LOAD "ldmia r0!, {r2, r3, r4}\n ldmia r1!, {r5, r6, r7}\n muls r2, r5\n muls r3, r6\n muls r4, r7\n adds r2, r2, r3\n"
#define WHOLE_COLUMN LOAD "adds r2, r2, r4\n" DNNRT_SWAR_APART("r2") "add r0, r11\n"
#define SPLIT_COLUMN LOAD DNNRT_SWAR_APART("r2") DNNRT_SWAR_APART("r4") "add r0, r11\n"
#define OUTPUTS(column, n, m) \
  "ldr r2, [sp, #8]\n mov r8, r2\n ldr r2, [sp, #12]\n mov r9, r2\n" \
  column column column \
  "subs r1, #36\n add r0, r12\n ldr r4, [sp, #16]\n ldr r5, [sp, #20]\n" \
  "mov r6, r9\n" DNNRT_SWAR_PLANE_REQUANTIZE(n) "ldr r7, [sp, #24]\n ldr r2, [sp, #28]\n strb r3, [r7, r2]\n" \
  "mov r6, r8\n" DNNRT_SWAR_PLANE_REQUANTIZE(m) "ldr r7, [sp, #24]\n strb r3, [r7]\n" \
  "ldr r2, [sp, #32]\n adds r7, r7, r2\n str r7, [sp, #24]\n" \
  "ldr r2, [sp, #68]\n subs r2, #1\n str r2, [sp, #68]\n"

/* Frame: the argument's words 0..16, then outputs left in the row at 68; above it r8..r11. */
DNNRT_HOT __attribute__((naked)) void dnnrt_swar_plane3(__attribute__((unused)) const dnnrt_swar_plane_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n"
      "sub sp, #72\n mov r1, sp\n"
      "ldmia r0!, {r2-r7}\n stmia r1!, {r2-r7}\n ldmia r0!, {r2-r7}\n stmia r1!, {r2-r7}\n ldmia r0!, {r2-r6}\n stmia r1!, {r2-r6}\n"
      "ldr r2, [sp, #40]\n mov r11, r2\n ldr r2, [sp, #44]\n mov r12, r2\n ldr r2, [sp, #60]\n mov lr, r2\n"
      "movs r2, #1\n lsls r2, r2, #15\n mov r10, r2\n"
      "1: ldr r0, [sp]\n ldr r1, [sp, #4]\n ldr r2, [sp, #36]\n str r2, [sp, #68]\n"
      "ldr r2, [sp, #20]\n lsrs r2, r2, #8\n bne 2f\n b 3f\n"
      "2:" OUTPUTS(SPLIT_COLUMN, "1", "2") "beq 4f\n b 2b\n"
      DNNRT_SWAR_PLANE_RARE("1", "84") DNNRT_SWAR_PLANE_RARE("2", "84")
      "3:" OUTPUTS(WHOLE_COLUMN, "3", "4") "beq 4f\n b 3b\n"
      "4: ldr r2, [sp]\n ldr r3, [sp, #52]\n adds r2, r2, r3\n str r2, [sp]\n"
      "ldr r2, [sp, #24]\n ldr r3, [sp, #56]\n adds r2, r2, r3\n str r2, [sp, #24]\n"
      "ldr r2, [sp, #48]\n subs r2, #1\n str r2, [sp, #48]\n beq 5f\n b 1b\n"
      "5: add sp, #72\n pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n"
      DNNRT_SWAR_PLANE_RARE("3", "84") DNNRT_SWAR_PLANE_RARE("4", "84"));
}
#else
static int32_t low_half(uint32_t word) { return (int32_t)(word & 0xffffu); }
static int32_t high_half(uint32_t word) { return (int32_t)word >> 16; }

DNNRT_HOT void dnnrt_swar_plane3(const dnnrt_swar_plane_t *p) {
  const int32_t factor = p->factor, shift = p->shift & 255, split = p->shift >> 8;
  const int32_t pitch = (p->pitch_rest + 12) / 4, step = (p->back + 3 * (p->pitch_rest + 12)) / 4;
  const uint32_t *row = p->plane;
  int8_t *y = p->y;
  for (int32_t r = 0; r < p->rows; r++, row += p->plane_row / 4, y += p->y_row) {
    const uint32_t *q = row;
    for (int32_t o = 0; o < p->outputs; o++, q += step, y += p->y_step) {
      int32_t low = p->start_low, high = p->start_high;
      for (int32_t column = 0; column < 3; column++) {
        const uint32_t *v = q + column * pitch;
        const int32_t *w = p->weights + 3 * column;
        uint32_t sum = v[0] * (uint32_t)w[0] + v[1] * (uint32_t)w[1] + 0x8000u, last = v[2] * (uint32_t)w[2];
        if (split) {
          last += 0x8000u;
          low += low_half(last);
          high += high_half(last);
        } else {
          sum += last;
        }
        low += low_half(sum);
        high += high_half(sum);
      }
      y[p->y_high] = (int8_t)dnnrt_swar_requantize(p->pixel, p->pixel->y, high, factor, shift);
      y[0] = (int8_t)dnnrt_swar_requantize(p->pixel, p->pixel->y, low, factor, shift);
    }
  }
}
#endif
