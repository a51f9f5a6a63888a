#include "dnnrt_matmul_s8.h"

#ifdef __thumb__
static __attribute__((naked, noinline)) void multiply(
    __attribute__((unused)) const uint32_t *a, __attribute__((unused)) const uint32_t *b,
    __attribute__((unused)) const uint32_t *end, __attribute__((unused)) int32_t *sums) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r3-r7}\n"
      "movs r4, #0\n mov r8, r4\n mov r9, r4\n mov r10, r4\n mov r11, r4\n"
      "1:\n ldmia r1!, {r4-r7}\n ldmia r0!, {r3}\n"
      "muls r4, r3, r4\n muls r5, r3, r5\n muls r6, r3, r6\n muls r7, r3, r7\n"
      "add r8, r4\n add r9, r5\n add r10, r6\n add r11, r7\n"
      "cmp r0, r2\n bne 1b\n"
      "pop {r3}\n mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n stmia r3!, {r4-r7}\n"
      "pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n");
}
#else
static void multiply(const uint32_t *a, const uint32_t *b, const uint32_t *end, int32_t *sums) {
  uint32_t s[DNNRT_COLUMNS] = {0};
  for (; a != end; a++, b += DNNRT_COLUMNS) {
    for (int32_t c = 0; c < DNNRT_COLUMNS; c++) s[c] += *a * b[c];
  }
  for (int32_t c = 0; c < DNNRT_COLUMNS; c++) sums[c] = (int32_t)s[c];
}
#endif

/* y [batch, m, n] = the product of a and b, requantized; k > 0. scratch: 4 bytes a value of a row of a and of chunk columns of b, whole blocks. */
void dnnrt_matmul_s8(const dnnrt_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y, void *scratch) {
  dnnrt_products_s8(p, a, b, y, scratch, 0, multiply);
}
