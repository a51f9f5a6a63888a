#include "dnnrt_swar_plane.h"

/* Depthwise convolution of one channel, any kernel: as dnnrt_swar_plane3, but two products at a time are taken apart. */
#if DNNRT_THUMB
#define PAIR "ldmia r0!, {r2, r3}\n ldmia r1!, {r5, r6}\n muls r2, r5\n muls r3, r6\n adds r2, r2, r3\n" DNNRT_SWAR_APART("r2")

/* Frame: the argument's words 0..17, then outputs left in the row at 72, where the output starts in the plane at 76; above them r8..r11. */
DNNRT_HOT __attribute__((naked)) void dnnrt_swar_plane_taps(__attribute__((unused)) const dnnrt_swar_taps_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n"
      "sub sp, #84\n mov r1, sp\n"
      "ldmia r0!, {r2-r7}\n stmia r1!, {r2-r7}\n ldmia r0!, {r2-r7}\n stmia r1!, {r2-r7}\n ldmia r0!, {r2-r7}\n stmia r1!, {r2-r7}\n"
      "ldr r2, [sp, #40]\n mov r12, r2\n ldr r2, [sp, #64]\n mov lr, r2\n"
      "movs r2, #1\n lsls r2, r2, #15\n mov r10, r2\n"
      "1: ldr r0, [sp]\n str r0, [sp, #76]\n ldr r2, [sp, #36]\n str r2, [sp, #72]\n"
      "2: ldr r2, [sp, #8]\n mov r8, r2\n ldr r2, [sp, #12]\n mov r9, r2\n ldr r0, [sp, #76]\n ldr r1, [sp, #4]\n ldr r4, [sp, #44]\n"
      "3: mov r7, r12\n lsrs r7, r7, #1\n bcs 5f\n subs r7, #1\n"
      "4:" PAIR
      "5:" PAIR
      "subs r7, #1\n bpl 4b\n"
      "ldmia r1!, {r2}\n adds r0, r0, r2\n subs r4, #1\n bne 3b\n"
      "ldr r4, [sp, #16]\n ldr r5, [sp, #20]\n"
      "mov r6, r9\n" DNNRT_SWAR_PLANE_REQUANTIZE("1") "ldr r7, [sp, #24]\n ldr r2, [sp, #28]\n strb r3, [r7, r2]\n"
      "mov r6, r8\n" DNNRT_SWAR_PLANE_REQUANTIZE("2") "ldr r7, [sp, #24]\n strb r3, [r7]\n"
      "ldr r2, [sp, #32]\n adds r7, r7, r2\n str r7, [sp, #24]\n"
      "ldr r0, [sp, #76]\n ldr r2, [sp, #48]\n adds r0, r0, r2\n str r0, [sp, #76]\n"
      "ldr r2, [sp, #72]\n subs r2, #1\n str r2, [sp, #72]\n bne 2b\n"
      "ldr r2, [sp]\n ldr r3, [sp, #56]\n adds r2, r2, r3\n str r2, [sp]\n"
      "ldr r2, [sp, #24]\n ldr r3, [sp, #60]\n adds r2, r2, r3\n str r2, [sp, #24]\n"
      "ldr r2, [sp, #52]\n subs r2, #1\n str r2, [sp, #52]\n bne 1b\n"
      "add sp, #84\n pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n"
      DNNRT_SWAR_PLANE_RARE("1", "88") DNNRT_SWAR_PLANE_RARE("2", "88"));
}
#else
DNNRT_HOT void dnnrt_swar_plane_taps(const dnnrt_swar_taps_t *p) {
  const uint32_t *row = p->plane;
  int8_t *y = p->y;
  for (int32_t r = 0; r < p->rows; r++, row += p->plane_row / 4, y += p->y_row) {
    const uint32_t *start = row;
    for (int32_t o = 0; o < p->outputs; o++, start += p->plane_step / 4, y += p->y_step) {
      const uint32_t *v = start;
      const int32_t *tap = p->taps;
      int32_t low = p->start_low, high = p->start_high;
      for (int32_t line = 0; line < p->lines; line++) {
        for (int32_t i = 0; i < p->pairs; i++, v += 2, tap += 2) {
          const uint32_t sum = v[0] * (uint32_t)tap[0] + v[1] * (uint32_t)tap[1] + 0x8000u;
          low += (int32_t)(sum & 0xffffu);
          high += (int32_t)sum >> 16;
        }
        v += *tap++ / 4;
      }
      y[p->y_high] = (int8_t)dnnrt_swar_requantize(p->pixel, p->pixel->y, high, p->factor, p->shift);
      y[0] = (int8_t)dnnrt_swar_requantize(p->pixel, p->pixel->y, low, p->factor, p->shift);
    }
  }
}
#endif
