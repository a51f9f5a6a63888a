#include "dnnrt_swar.h"

#if DNNRT_THUMB
/* r0 from, r1 end, r2 to, r3 bytes of a pixel's words, stack: bytes from the end of these to the next pixel's. Two quads at a time. */
#define FOUR \
  "ldmia r0!, {r3}\n eors r3, r4\n lsrs r7, r3, #8\n ands r3, r5\n ands r7, r5\n subs r3, r3, r6\n subs r7, r7, r6\n stmia r2!, {r3, r7}\n"
DNNRT_HOT static __attribute__((naked, noinline)) void widen_pixels(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) const int8_t *end, __attribute__((unused)) uint32_t *to,
    __attribute__((unused)) int32_t bytes, __attribute__((unused)) int32_t gap) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n push {r4-r6}\n"
      "ldr r4, [sp, #32]\n mov r9, r4\n adds r4, r4, r3\n mov r10, r4\n movs r4, #8\n ands r4, r3\n mov r12, r4\n adds r3, r3, r2\n mov r8, r3\n"
      "ldr r4, 9f\n ldr r5, 9f + 4\n ldr r6, 9f + 8\n b 3f\n"
      ".balign 4\n"
      "9: .word 0x80808080, 0x00ff00ff, 0x00800080\n"
      "1:\n" FOUR FOUR
      "cmp r2, r8\n bne 1b\n"
      "2: add r2, r9\n add r8, r10\n cmp r0, r1\n beq 4f\n"
      "3: mov r7, r12\n cmp r7, #0\n beq 1b\n"
      FOUR
      "cmp r2, r8\n bne 1b\n b 2b\n"
      "4: pop {r4-r6}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n pop {r4-r7, pc}\n");
}
#undef FOUR
#else
DNNRT_HOT static void widen_pixels(const int8_t *x, const int8_t *end, uint32_t *to, int32_t bytes, int32_t gap) {
  for (; x != end; x += bytes / 2, to += (bytes + gap) / 4) dnnrt_swar_widen(x, bytes / 8, to);
}
#endif

DNNRT_HOT static void fill(uint32_t *to, int32_t columns, int32_t words, int32_t strip, uint32_t word) {
  for (; columns > 0; columns--, to += strip) {
    for (int32_t i = 0; i < words; i++) to[i] = word;
  }
}

/* One kernel row of some columns as bytes; step 0 repeats a byte. */
DNNRT_HOT static int8_t *copy_columns(const int8_t *from, int32_t step, int32_t columns, int32_t depth, int8_t *to, int32_t pitch) {
  for (; columns > 0; columns--, to += pitch) {
    int32_t c = 0;
    do {
      to[c] = *from;
      from += step;
    } while (++c < depth);
  }
  return to;
}

DNNRT_HOT void dnnrt_swar_strips(const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t oh, uint32_t *to, int8_t *bytes) {
  const dnnrt_window_t *g = &p->window;
  const int32_t depth = g->in_c, words = depth / 2, columns = (g->out_w - 1) * g->stride_w + g->kernel_w;
  const int32_t strip = ((g->kernel_h * depth + 3) & ~3) >> 1;
  const int32_t first = g->pad_left < columns ? g->pad_left : columns;
  const int32_t last = g->pad_left + g->in_w < columns ? g->pad_left + g->in_w : columns, inside = last > first ? last - first : 0;
  const int8_t zero = (int8_t)p->x_zero;
  const uint32_t border = (uint32_t)zero + ((uint32_t)zero << 16);
  int32_t row = oh * g->stride_h - g->pad_top;
  for (int32_t kh = 0; kh < g->kernel_h; kh++, row += g->dilation_h) {
    const int32_t in_image = row >= 0 && row < g->in_h;
    const int8_t *from = x + row * g->in_w * depth;
    if ((depth & 3) != 0) {
      int8_t *at = bytes + kh * depth;
      at = copy_columns(&zero, 0, in_image ? first : columns, depth, at, 2 * strip);
      if (!in_image) continue;
      at = copy_columns(from, 1, inside, depth, at, 2 * strip);
      (void)copy_columns(&zero, 0, columns - first - inside, depth, at, 2 * strip);
      continue;
    }
    uint32_t *at = to + kh * words;
    if (!in_image) {
      fill(at, columns, words, strip, border);
      continue;
    }
    fill(at, first, words, strip, border);
    if (inside > 0) widen_pixels(from, from + inside * depth, at + first * strip, 4 * words, 4 * (strip - words));
    fill(at + (first + inside) * strip, columns - first - inside, words, strip, border);
  }
  if ((depth & 3) != 0) dnnrt_swar_widen(bytes, columns * strip / 2, to);
}
