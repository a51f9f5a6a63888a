#include "dnnrt_dsp.h"
#include "dnnrt_matmul_s8.h"

#if DNNRT_DSP
#define CELL(x) \
  "ldmia r1!, {r8-r11}\n" \
  "smlad r4, " x ", r8, r4\n smlad r5, " x ", r9, r5\n smlad r6, " x ", r10, r6\n smlad r7, " x ", r11, r7\n"
static __attribute__((naked, noinline)) void multiply(
    __attribute__((unused)) const uint32_t *a, __attribute__((unused)) const uint32_t *b,
    __attribute__((unused)) const uint32_t *end, __attribute__((unused)) int32_t *sums) {
  __asm__ volatile(
      "push {r4-r11, lr}\n movs r4, #0\n movs r5, #0\n movs r6, #0\n movs r7, #0\n"
      "subs r12, r2, r0\n lsls r12, r12, #29\n bpl 1f\n"
      "ldr r12, [r0], #4\n" CELL("r12")
      "cmp r0, r2\n beq 2f\n"
      "1:\n ldmia r0!, {r12, lr}\n" CELL("r12") CELL("lr") "cmp r0, r2\n bne 1b\n"
      "2:\n stmia r3, {r4-r7}\n pop {r4-r11, pc}\n");
}
#undef CELL
#else
static void multiply(const uint32_t *a, const uint32_t *b, const uint32_t *end, int32_t *sums) {
  uint32_t s[DNNRT_COLUMNS] = {0};
  for (; a != end; a++, b += DNNRT_COLUMNS) {
    for (int32_t c = 0; c < DNNRT_COLUMNS; c++) s[c] = dnnrt_smlad(*a, b[c], s[c]);
  }
  for (int32_t c = 0; c < DNNRT_COLUMNS; c++) sums[c] = (int32_t)s[c];
}
#endif

/* dnnrt_matmul_s8 with two values of neighbouring k in a word: half the scratch. */
void dnnrt_matmul_s8_dsp(const dnnrt_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y, void *scratch) {
  dnnrt_products_s8(p, a, b, y, scratch, 1, multiply);
}
