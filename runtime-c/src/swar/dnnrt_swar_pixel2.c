#include "dnnrt_swar.h"

/*
 * Channels in blocks of 2. Weights of a block: per quad of the field (w2, w0), (w3, w1) of one channel, then of the other. Table
 * of a block: mode, two sums to start from, with bit 3 of the mode what the sum of the field counts in each, then factor and shift of each.
 * Bit 2: quads may be summed before their upper half is taken (|sum of 4 products| < 2^15), else pairs are. Bits 0 and 1: quads mod 4.
 */
#if DNNRT_THUMB
#define PAIR(sum) \
  "ldmia r0!, {r4, r5}\n muls r4, r2\n asrs r4, r4, #16\n adcs " sum ", r4\n muls r5, r3\n asrs r5, r5, #16\n adcs " sum ", r5\n"
#define QUAD(sum) "ldmia r0!, {r4, r5}\n muls r4, r2\n muls r5, r3\n adds r4, r4, r5\n asrs r4, r4, #16\n adcs " sum ", r4\n"
#define PAIRS "ldmia r1!, {r2, r3}\n" PAIR("r6") PAIR("r7")
#define QUADS "ldmia r1!, {r2, r3}\n" QUAD("r6") QUAD("r7")

DNNRT_HOT __attribute__((naked)) void dnnrt_swar_pixel2(__attribute__((unused)) const dnnrt_swar_pixel_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n"
      "push {r0}\n ldr r1, [r0, #44]\n mov lr, r1\n"
      "ldmia r0!, {r1, r2, r3, r4, r5, r6, r7}\n"
      "mov r9, r2\n mov r8, r3\n mov r10, r4\n mov r11, r6\n mov r12, r7\n"
      "push {r5}\n movs r0, r1\n"
      "1: mov r2, r10\n ldmia r2!, {r5, r6, r7}\n mov r10, r2\n mov r1, r9\n"
      "lsrs r4, r5, #3\n beq 2f\n"
      "ldmia r2!, {r1, r3}\n mov r10, r2\n mov r4, lr\n muls r1, r4\n muls r3, r4\n adds r6, r6, r1\n adds r7, r7, r3\n"
      "mov r1, r9\n lsrs r4, r5, #3\n"
      "2: bcs 30f\n lsls r5, r5, #31\n bcs 22f\n bmi 21f\n"
      "20:" PAIRS
      "23:" PAIRS
      "24:" PAIRS
      "21:" PAIRS
      "cmp r1, r8\n bne 20b\n"
      "5: mov r3, r10\n"
      DNNRT_SWAR_REQUANTIZE("r6", "1") DNNRT_SWAR_REQUANTIZE("r7", "2")
      "mov r10, r3\n mov r2, r11\n strb r6, [r2]\n strb r7, [r2, #1]\n adds r2, #2\n mov r11, r2\n"
      "ldr r2, [sp]\n cmp r3, r2\n beq 4f\n b 1b\n"
      "4: add sp, #8\n pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n"
      "22: bmi 23b\n b 24b\n"
      "30: lsls r5, r5, #31\n bcs 32f\n bmi 31f\n"
      "33:" QUADS
      "34:" QUADS
      "35:" QUADS
      "31:" QUADS
      "cmp r1, r8\n bne 33b\n b 5b\n"
      "32: bmi 34b\n b 35b\n"
      DNNRT_SWAR_RARE("r6", "1", "r11") DNNRT_SWAR_RARE("r7", "2", "r11"));
}
#else
DNNRT_HOT void dnnrt_swar_pixel2(const dnnrt_swar_pixel_t *p) {
  const uint32_t *w = p->weights;
  const int32_t words = (int32_t)(p->column_end - p->column);
  int8_t *y = p->y;
  for (const int32_t *t = p->table; t != p->table_end; w += 2 * words) {
    const int32_t mode = *t, *start = t + 1;
    t += mode & 8 ? 5 : 3;
    for (int32_t c = 0; c < 2; c++, t += 2) {
      int32_t sum = start[c] + (mode & 8 ? start[2 + c] * p->sum : 0);
      for (int32_t i = 0; i < words; i += 2) {
        const uint32_t *a = p->column + i, *b = w + 2 * i + 2 * c;
        if (mode & 4) sum += dnnrt_swar_upper(a[0] * b[0] + a[1] * b[1]);
        else sum += dnnrt_swar_upper(a[0] * b[0]) + dnnrt_swar_upper(a[1] * b[1]);
      }
      *y = (int8_t)dnnrt_swar_requantize(p, y, sum, t[0], t[1]);
      y++;
    }
  }
}
#endif
