#include "dnnrt_swar.h"

#if DNNRT_THUMB
/* r0 from, r1 end, r2 to, r3 bytes of a pixel's words, stack: bytes from the end of these to the next pixel's. Eight values at a time. */
#define EIGHT \
  "ldmia r0!, {r3, r7}\n" \
  "mov r12, r7\n eors r3, r4\n lsrs r7, r3, #8\n ands r3, r5\n ands r7, r5\n subs r3, r3, r6\n subs r7, r7, r6\n stmia r2!, {r3, r7}\n" \
  "mov r3, r12\n eors r3, r4\n lsrs r7, r3, #8\n ands r3, r5\n ands r7, r5\n subs r3, r3, r6\n subs r7, r7, r6\n stmia r2!, {r3, r7}\n"
static __attribute__((naked, noinline)) void widen_pixels(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) const int8_t *end, __attribute__((unused)) uint32_t *to,
    __attribute__((unused)) int32_t bytes, __attribute__((unused)) int32_t gap) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n push {r4-r6}\n"
      "ldr r4, [sp, #32]\n mov r9, r4\n adds r4, r4, r3\n mov r10, r4\n adds r3, r3, r2\n mov r8, r3\n"
      "ldr r4, 9f\n ldr r5, 9f + 4\n ldr r6, 9f + 8\n b 1f\n"
      ".balign 4\n"
      "9: .word 0x80808080, 0x00ff00ff, 0x00800080\n"
      "1:\n" EIGHT
      "cmp r2, r8\n bne 1b\n"
      "add r2, r9\n add r8, r10\n cmp r0, r1\n bne 1b\n"
      "pop {r4-r6}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n pop {r4-r7, pc}\n");
}
#undef EIGHT
#else
static void widen_pixels(const int8_t *x, const int8_t *end, uint32_t *to, int32_t bytes, int32_t gap) {
  for (; x != end; x += bytes / 2, to += (bytes + gap) / 4) dnnrt_swar_widen(x, bytes / 8, to);
}
#endif

static void fill(uint32_t *to, int32_t columns, int32_t words, int32_t strip, uint32_t word) {
  for (; columns > 0; columns--, to += strip) {
    for (int32_t i = 0; i < words; i++) to[i] = word;
  }
}

void dnnrt_swar_strips(const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t oh, uint32_t *to) {
  const dnnrt_window_t *g = &p->window;
  const int32_t words = g->in_c / 2, strip = g->kernel_h * words, columns = (g->out_w - 1) * g->stride_w + g->kernel_w;
  const int32_t first = g->pad_left < columns ? g->pad_left : columns;
  const int32_t last = g->pad_left + g->in_w < columns ? g->pad_left + g->in_w : columns;
  const uint32_t border = (uint32_t)p->x_zero + ((uint32_t)p->x_zero << 16);
  int32_t row = oh * g->stride_h - g->pad_top;
  for (int32_t kh = 0; kh < g->kernel_h; kh++, row += g->dilation_h, to += words) {
    if (row < 0 || row >= g->in_h) {
      fill(to, columns, words, strip, border);
      continue;
    }
    const int8_t *from = x + row * g->in_w * g->in_c;
    fill(to, first, words, strip, border);
    if (last > first) widen_pixels(from, from + (last - first) * g->in_c, to + first * strip, 4 * words, 4 * (strip - words));
    fill(to + last * strip, columns - last, words, strip, border);
  }
}
