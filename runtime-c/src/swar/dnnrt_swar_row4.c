#include "dnnrt_swar.h"

/*
 * Channels in blocks of 4, weights as packed bytes. A word of weights holds u2 u3 u0 u1 (u = w + 128) of a quad, that is even + 256 * odd
 * with even = (u2, u0), odd = (u3, u1). The column has three words a quad: E, O - 256 E and 2^15 - (128, 128) (E + O), for E = (v0, v2) and
 * O = (v1, v3). So E * word + (O - 256 E) * odd = E even + O odd, whose surplus from the 128s the third word takes off; its 2^15 rounds
 * the lower half away. Table: factor and shift of each channel, a shift above 31 where no factor is exact enough. The number of quads is even.
 */
#if DNNRT_THUMB
#define CHANNEL(word, sum) \
  "lsrs r4, " word ", #8\n ands r4, r5\n muls " word ", r2\n muls r4, r3\n adds " word ", " word ", r4\n add " word ", r12\n" \
  "asrs " word ", " word ", #16\n add " sum ", " word "\n"
#define QUAD \
  "ldmia r1!, {r2, r3, r4}\n mov r12, r4\n" \
  "ldmia r0!, {r6, r7}\n" CHANNEL("r6", "r8") CHANNEL("r7", "r9") \
  "ldmia r0!, {r6, r7}\n" CHANNEL("r6", "r10") CHANNEL("r7", "r11")
#define FINISH(sum, n) "mov r6, " sum "\n" DNNRT_SWAR_REQUANTIZE_ANY("r6", n) "strb r6, [r7, #" n " - 1]\n"

DNNRT_HOT __attribute__((naked)) void dnnrt_swar_row4(__attribute__((unused)) const dnnrt_swar_pixel_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n"
      /* sp: table end, argument, y, table, starts, column, column end, round. */
      "sub sp, #32\n mov r8, r0\n"
      "ldmia r0!, {r1, r2, r3, r4, r5, r6, r7}\n"
      "str r5, [sp]\n str r6, [sp, #8]\n str r4, [sp, #12]\n str r2, [sp, #20]\n str r3, [sp, #24]\n str r7, [sp, #28]\n"
      "ldr r2, [r0, #8]\n str r2, [sp, #16]\n mov r2, r8\n str r2, [sp, #4]\n"
      "movs r0, r1\n"
      "1: ldr r2, [sp, #16]\n ldmia r2!, {r4, r5, r6, r7}\n str r2, [sp, #16]\n"
      "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
      "ldr r2, [sp, #24]\n mov lr, r2\n ldr r1, [sp, #20]\n ldr r5, 9f\n b 2f\n"
      ".balign 4\n"
      "9: .word 0x00ff00ff\n"
      "2:" QUAD QUAD
      "cmp r1, lr\n bne 2b\n"
      "ldr r3, [sp, #28]\n mov r12, r3\n ldr r3, [sp, #12]\n ldr r7, [sp, #8]\n"
      FINISH("r8", "1") FINISH("r9", "2")
      "b 3f\n" DNNRT_SWAR_RARE("r6", "1", "r7") DNNRT_SWAR_RARE("r6", "2", "r7")
      "3:" FINISH("r10", "3") FINISH("r11", "4")
      "adds r7, #4\n str r7, [sp, #8]\n str r3, [sp, #12]\n"
      "ldr r2, [sp]\n cmp r3, r2\n beq 4f\n b 1b\n4:"
      "add sp, #32\n pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n"
      DNNRT_SWAR_RARE("r6", "3", "r7") DNNRT_SWAR_RARE("r6", "4", "r7"));
}
#else
DNNRT_HOT void dnnrt_swar_row4(const dnnrt_swar_pixel_t *p) {
  const uint32_t *w = p->weights;
  const int32_t words = (int32_t)(p->column_end - p->column), *start = p->starts;
  int8_t *y = p->y;
  for (const int32_t *t = p->table; t != p->table_end; w += words / 3 * 4) {
    for (int32_t c = 0; c < 4; c++, t += 2, y++) {
      int32_t sum = *start++;
      for (int32_t i = 0; i < words / 3; i++) {
        const uint32_t *a = p->column + 3 * i, word = w[4 * i + c];
        sum += (int32_t)(a[0] * word + a[1] * (word >> 8 & 0x00ff00ffu) + a[2]) >> 16;
      }
      *y = (int8_t)(t[1] > 31 ? dnnrt_swar_exact(p, y, sum) : dnnrt_swar_requantize(p, y, sum, t[0], t[1]));
    }
  }
}
#endif
