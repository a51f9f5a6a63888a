#include "dnnrt_swar.h"

#if DNNRT_THUMB
#define FINISH(n) "ldmia r0!, {r6}\n" DNNRT_SWAR_REQUANTIZE("r6", n) "strb r6, [r7, #" n " - 1]\n"

DNNRT_HOT __attribute__((naked)) void dnnrt_swar_finish4(__attribute__((unused)) const dnnrt_swar_pixel_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      /* sp: table end, argument. */
      "sub sp, #8\n str r0, [sp, #4]\n"
      "ldr r3, [r0, #12]\n ldr r1, [r0, #16]\n str r1, [sp]\n ldr r7, [r0, #20]\n ldr r1, [r0, #24]\n mov r12, r1\n ldr r0, [r0, #36]\n"
      "1: adds r3, #16\n"
      FINISH("1") FINISH("2")
      "b 4f\n" DNNRT_SWAR_RARE("r6", "1", "r7") DNNRT_SWAR_RARE("r6", "2", "r7")
      "4:" FINISH("3") FINISH("4")
      "adds r7, #4\n ldr r2, [sp]\n cmp r3, r2\n beq 5f\n b 1b\n"
      "5: add sp, #8\n pop {r4-r7, pc}\n"
      DNNRT_SWAR_RARE("r6", "3", "r7") DNNRT_SWAR_RARE("r6", "4", "r7"));
}
#else
DNNRT_HOT void dnnrt_swar_finish4(const dnnrt_swar_pixel_t *p) {
  const int32_t *sum = p->starts;
  int8_t *y = p->y;
  for (const int32_t *t = p->table; t != p->table_end; t += 12) {
    for (int32_t c = 0; c < 4; c++, y++) *y = (int8_t)dnnrt_swar_requantize(p, y, *sum++, t[4 + 2 * c], t[5 + 2 * c]);
  }
}
#endif
