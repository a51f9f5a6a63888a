#include "dnnrt_swar.h"

#if DNNRT_THUMB
DNNRT_HOT static __attribute__((naked, noinline)) void widen_words(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) const int8_t *end, __attribute__((unused)) uint32_t *to) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "ldr r4, 9f\n ldr r5, 9f + 4\n b 1f\n"
      ".balign 4\n"
      "9: .word 0x000f000f, 0x00080008\n"
      "1: ldmia r0!, {r3}\n"
      "movs r6, r3\n lsrs r7, r3, #4\n ands r6, r4\n ands r7, r4\n subs r6, r6, r5\n subs r7, r7, r5\n stmia r2!, {r6, r7}\n"
      "lsrs r6, r3, #8\n lsrs r7, r3, #12\n ands r6, r4\n ands r7, r4\n subs r6, r6, r5\n subs r7, r7, r5\n stmia r2!, {r6, r7}\n"
      "cmp r0, r1\n bne 1b\n"
      "pop {r4-r7, pc}\n");
}
#endif

DNNRT_HOT void dnnrt_swar_widen4(const int8_t *weights, int32_t quads, uint32_t *to) {
#if DNNRT_THUMB
  if (quads > 0) widen_words(weights, weights + 2 * quads, to);
#else
  const uint32_t *word = (const uint32_t *)(const void *)weights;
  for (; quads > 0; quads -= 2, word++) {
    for (int32_t shift = 0; shift < 16; shift += 4) *to++ = ((*word >> shift) & 0x000f000fu) - 0x00080008u;
  }
#endif
}
