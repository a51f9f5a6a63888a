#include "dnnrt_swar.h"

/*
 * Channels in blocks of 4. Weights are small: the words of products of a whole run of the field are summed before their upper halves are
 * taken. Table of a block: four starts, then factor and shift of each. Words of weights per quad: (w2, w0), (w3, w1) of each channel.
 */
#if DNNRT_THUMB
#define TWO(a, b) \
  "ldmia r0!, {r4, r5, r6, r7}\n muls r4, r2\n muls r5, r3\n muls r6, r2\n muls r7, r3\n" \
  "adds r4, r4, r5\n adds r6, r6, r7\n add " a ", r4\n add " b ", r6\n"
#define QUAD "ldmia r1!, {r2, r3}\n" TWO("r8", "r9") TWO("r10", "r11")
#define UPPER(word, sum) "mov r2, " word "\n asrs r2, r2, #16\n adcs " sum ", r2\n"
#define FINISH(place, n) "ldr r6, [sp, #" place "]\n" DNNRT_SWAR_REQUANTIZE("r6", n) "strb r6, [r7, #" n " - 1]\n"

DNNRT_HOT __attribute__((naked)) void dnnrt_swar_pixel4(__attribute__((unused)) const dnnrt_swar_pixel_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n"
      /* sp: table end, argument, y, table, column, column end, round, run, four sums. */
      "sub sp, #48\n str r0, [sp, #4]\n"
      "ldr r1, [r0, #40]\n str r1, [sp, #28]\n"
      "ldmia r0!, {r1, r2, r3, r4, r5, r6, r7}\n"
      "str r5, [sp]\n str r6, [sp, #8]\n str r4, [sp, #12]\n str r2, [sp, #16]\n str r3, [sp, #20]\n str r7, [sp, #24]\n"
      "movs r0, r1\n"
      "1: ldr r2, [sp, #12]\n ldmia r2!, {r4, r5, r6, r7}\n str r2, [sp, #12]\n add r3, sp, #32\n stmia r3!, {r4, r5, r6, r7}\n"
      "ldr r1, [sp, #16]\n"
      "2: movs r2, #0\n mov r8, r2\n mov r9, r2\n mov r10, r2\n mov r11, r2\n"
      "ldr r2, [sp, #28]\n adds r2, r2, r1\n ldr r3, [sp, #20]\n cmp r2, r3\n bls 3f\n movs r2, r3\n"
      "3: mov lr, r2\n subs r2, r2, r1\n lsls r2, r2, #28\n bcs 22f\n bmi 21f\n"
      "20:" QUAD
      "23:" QUAD
      "24:" QUAD
      "21:" QUAD
      "cmp r1, lr\n bne 20b\n"
      "add r3, sp, #32\n ldmia r3!, {r4, r5, r6, r7}\n"
      UPPER("r8", "r4") UPPER("r9", "r5") UPPER("r10", "r6") UPPER("r11", "r7")
      "subs r3, #16\n stmia r3!, {r4, r5, r6, r7}\n"
      "ldr r2, [sp, #20]\n cmp r1, r2\n beq 25f\n b 2b\n"
      "22: bmi 23b\n b 24b\n"
      "25: ldr r3, [sp, #24]\n mov r12, r3\n ldr r3, [sp, #12]\n ldr r7, [sp, #8]\n"
      FINISH("32", "1") FINISH("36", "2")
      "b 4f\n" DNNRT_SWAR_RARE("r6", "1", "r7") DNNRT_SWAR_RARE("r6", "2", "r7")
      "4:" FINISH("40", "3") FINISH("44", "4")
      "adds r7, #4\n str r7, [sp, #8]\n str r3, [sp, #12]\n"
      "ldr r2, [sp]\n cmp r3, r2\n beq 5f\n b 1b\n"
      "5: add sp, #48\n pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n"
      DNNRT_SWAR_RARE("r6", "3", "r7") DNNRT_SWAR_RARE("r6", "4", "r7"));
}
#else
DNNRT_HOT void dnnrt_swar_pixel4(const dnnrt_swar_pixel_t *p) {
  const uint32_t *w = p->weights;
  const int32_t words = (int32_t)(p->column_end - p->column), run = p->run / 4;
  int8_t *y = p->y;
  for (const int32_t *t = p->table; t != p->table_end; t += 12, w += 4 * words) {
    for (int32_t c = 0; c < 4; c++, y++) {
      int32_t sum = t[c];
      for (int32_t first = 0; first < words; first += run) {
        const int32_t end = words - first < run ? words : first + run;
        uint32_t products = 0;
        for (int32_t i = first; i < end; i += 2) products += p->column[i] * w[4 * i + 2 * c] + p->column[i + 1] * w[4 * i + 2 * c + 1];
        sum += dnnrt_swar_upper(products);
      }
      *y = (int8_t)dnnrt_swar_requantize(p, y, sum, t[4 + 2 * c], t[5 + 2 * c]);
    }
  }
}
#endif
