#include "dnnrt_swar.h"

#if DNNRT_THUMB
/* r0 from, r1 end, r2 to; r4 = 0x80808080, r5 = 0x00ff00ff, r6 = 0x00800080. Bytes are made unsigned, taken apart, made signed again. */
#define TWO_QUADS \
  "ldmia r0!, {r3, r7}\n" \
  "mov r12, r7\n eors r3, r4\n lsrs r7, r3, #8\n ands r3, r5\n ands r7, r5\n subs r3, r3, r6\n subs r7, r7, r6\n stmia r2!, {r3, r7}\n" \
  "mov r3, r12\n eors r3, r4\n lsrs r7, r3, #8\n ands r3, r5\n ands r7, r5\n subs r3, r3, r6\n subs r7, r7, r6\n stmia r2!, {r3, r7}\n"
DNNRT_HOT static __attribute__((naked, noinline)) void widen_pairs(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) const int8_t *end, __attribute__((unused)) uint32_t *to) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "ldr r4, 9f\n ldr r5, 9f + 4\n ldr r6, 9f + 8\n"
      "subs r3, r1, r0\n lsls r3, r3, #28\n bpl 1f\n b 2f\n"
      ".balign 4\n"
      "9: .word 0x80808080, 0x00ff00ff, 0x00800080\n"
      "1:\n" TWO_QUADS
      "2:\n" TWO_QUADS
      "cmp r0, r1\n bne 1b\n"
      "pop {r4-r7, pc}\n");
}
#undef TWO_QUADS
#endif

DNNRT_HOT static void widen_one(const int8_t *x, uint32_t *to) {
  to[0] = (uint32_t)x[0] + ((uint32_t)x[2] << 16);
  to[1] = (uint32_t)x[1] + ((uint32_t)x[3] << 16);
}

DNNRT_HOT void dnnrt_swar_widen(const int8_t *x, int32_t quads, uint32_t *to) {
#if DNNRT_THUMB
  const int32_t pairs = quads & ~1;
  if (pairs > 0) widen_pairs(x, x + 4 * pairs, to);
  if (quads & 1) widen_one(x + 4 * pairs, to + 2 * pairs);
#else
  for (int32_t i = 0; i < quads; i++) widen_one(x + 4 * i, to + 2 * i);
#endif
}
