#include "dnnrt_swar.h"

/*
 * Two pixels of output from four columns of input x0..x3 and kernel columns w0, w1, w2: y0 = x0 w0 + x1 w1 + x2 w2, y1 = x1 w0 + x2 w1 + x3 w2.
 * All six products come out of two multiplies, none is lost:
 *   type 0  (x1 + x0 * 2^16) (w0 + w1 * 2^16): lower half x1 w0, of y1; upper half x1 w1 + x0 w0, of y0
 *   type 1  (x2 + x3 * 2^16) (w2 + w1 * 2^16): lower half x2 w2, of y0; upper half x2 w1 + x3 w2, of y1
 */
#if DNNRT_THUMB
#define TWO(a, b) \
  "ldmia r0!, {r4, r5, r6, r7}\n muls r4, r2\n muls r5, r3\n muls r6, r2\n muls r7, r3\n" \
  "adds r4, r4, r5\n adds r6, r6, r7\n add " a ", r4\n add " b ", r6\n"
#define QUAD "ldmia r1!, {r2, r3}\n" TWO("r8", "r9") TWO("r10", "r11")
#define UPPER(word, sum) "mov r2, " word "\n asrs r2, r2, #16\n adcs " sum ", r2\n"
#define LOWER(word, sum) "mov r2, " word "\n sxth r2, r2\n adds " sum ", " sum ", r2\n"
#define ADD(place, HALF) \
  "ldr r3, [sp, #" place "]\n ldmia r3!, {r4, r5, r6, r7}\n" HALF("r8", "r4") HALF("r9", "r5") HALF("r10", "r6") HALF("r11", "r7") \
  "subs r3, #16\n stmia r3!, {r4, r5, r6, r7}\n"

DNNRT_HOT __attribute__((naked)) void dnnrt_swar_pair4(__attribute__((unused)) const dnnrt_swar_pair_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n"
      /* sp: column, bytes, run, sums of upper halves, of lower halves, table, end of sums, apart, end of the type. */
      "sub sp, #36\n"
      "ldmia r0!, {r1, r2, r3, r4, r5, r6, r7}\n ldr r0, [r0]\n"
      "str r2, [sp]\n str r3, [sp, #4]\n str r0, [sp, #8]\n str r5, [sp, #12]\n str r4, [sp, #20]\n str r6, [sp, #24]\n str r7, [sp, #28]\n"
      "movs r0, r1\n"
      "1: ldr r2, [sp, #20]\n ldmia r2!, {r4, r5, r6, r7}\n adds r2, #32\n str r2, [sp, #20]\n"
      "ldr r3, [sp, #12]\n ldr r2, [sp, #28]\n adds r2, r2, r3\n str r2, [sp, #16]\n stmia r3!, {r4, r5, r6, r7}\n stmia r2!, {r4, r5, r6, r7}\n"
      "ldr r1, [sp]\n ldr r2, [sp, #4]\n adds r2, r2, r1\n str r2, [sp, #32]\n"
      "2: movs r2, #0\n mov r8, r2\n mov r9, r2\n mov r10, r2\n mov r11, r2\n"
      "ldr r2, [sp, #8]\n adds r2, r2, r1\n ldr r3, [sp, #32]\n cmp r2, r3\n bls 3f\n movs r2, r3\n"
      "3: mov lr, r2\n subs r2, r2, r1\n lsls r2, r2, #28\n bcs 22f\n bmi 21f\n"
      "20:" QUAD
      "23:" QUAD
      "24:" QUAD
      "21:" QUAD
      "cmp r1, lr\n bne 20b\n"
      ADD("12", UPPER) ADD("16", LOWER)
      "ldr r2, [sp, #32]\n cmp r1, r2\n bne 4f\n"
      "ldr r2, [sp]\n ldr r3, [sp, #4]\n adds r2, r2, r3\n adds r2, r2, r3\n cmp r1, r2\n beq 5f\n"
      "str r2, [sp, #32]\n ldr r4, [sp, #12]\n ldr r5, [sp, #16]\n str r4, [sp, #16]\n str r5, [sp, #12]\n"
      "4: b 2b\n"
      "22: bmi 23b\n b 24b\n"
      "5: ldr r3, [sp, #16]\n adds r3, #16\n str r3, [sp, #12]\n ldr r2, [sp, #24]\n cmp r3, r2\n beq 6f\n b 1b\n"
      "6: add sp, #36\n pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n");
}
#else
DNNRT_HOT void dnnrt_swar_pair4(const dnnrt_swar_pair_t *p) {
  const uint32_t *w = p->weights;
  const int32_t places = p->bytes / 4, run = p->run / 4;
  const int32_t *t = p->table;
  for (int32_t *sums = p->sums; sums != p->sums_end; sums += 4, t += 12) {
    const uint32_t *column = p->column;
    for (int32_t c = 0; c < 4; c++) sums[c] = sums[c + p->apart / 4] = t[c];
    for (int32_t type = 0; type < 2; type++, column += places) {
      int32_t *const upper = sums + (type == 0 ? 0 : p->apart / 4), *const lower = sums + (type == 0 ? p->apart / 4 : 0);
      for (int32_t first = 0; first < places; first += run) {
        const int32_t end = places - first < run ? places : first + run;
        uint32_t products[4] = {0, 0, 0, 0};
        for (int32_t i = first; i < end; i += 2) {
          for (int32_t c = 0; c < 4; c++, w += 2) products[c] += column[i] * w[0] + column[i + 1] * w[1];
        }
        for (int32_t c = 0; c < 4; c++) {
          upper[c] += dnnrt_swar_upper(products[c]);
          lower[c] += (int16_t)(products[c] & 0xffffu);
        }
      }
    }
  }
}
#endif
