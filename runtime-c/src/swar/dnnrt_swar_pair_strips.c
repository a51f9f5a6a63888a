#include "dnnrt_swar.h"

/* Words of two pixels: the values at `low`, and those `step` bytes further in the upper half. */
#if DNNRT_THUMB
#define ONE(word, value) "ldrsb " word ", [r1, r2]\n lsls " word ", " word ", #16\n ldrsb " value ", [r1, r7]\n adds " word ", " word ", " value "\n adds r1, #1\n"
#define TWO ONE("r4", "r5") ONE("r5", "r6") "stmia r0!, {r4, r5}\n"
DNNRT_HOT static __attribute__((naked, noinline)) void join(
    __attribute__((unused)) uint32_t *to, __attribute__((unused)) const int8_t *low, __attribute__((unused)) int32_t step,
    __attribute__((unused)) const uint32_t *end) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "movs r7, #0\n"
      "1:" TWO TWO
      "cmp r0, r3\n bne 1b\n"
      "pop {r4-r7, pc}\n");
}

/* A multiple of 4 words, from the first on. */
DNNRT_HOT static __attribute__((naked, noinline)) void shift(
    __attribute__((unused)) uint32_t *to, __attribute__((unused)) const uint32_t *from, __attribute__((unused)) const uint32_t *end) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "1: ldmia r1!, {r4, r5, r6, r7}\n stmia r0!, {r4, r5, r6, r7}\n cmp r1, r2\n bne 1b\n"
      "pop {r4-r7, pc}\n");
}
#else
DNNRT_HOT static void shift(uint32_t *to, const uint32_t *from, const uint32_t *end) {
  while (from != end) *to++ = *from++;
}

DNNRT_HOT static void join(uint32_t *to, const int8_t *low, int32_t step, const uint32_t *end) {
  for (; to != end; to++, low++) *to = (uint32_t)low[0] + ((uint32_t)low[step] << 16);
}
#endif

/*
 * depth: a multiple of 4. For rows of output one after the other: kernel rows that the row before had too, one place further on, are moved there; what
 * this moves behind the last kernel row is made anew.
 */
DNNRT_HOT void dnnrt_swar_pair_strips(const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t oh, uint32_t *to, int8_t *bytes) {
  const dnnrt_window_t *g = &p->window;
  const int32_t depth = g->in_c, places = g->kernel_h * depth, columns = g->out_w + 2;
  const int32_t first = g->pad_left < columns ? g->pad_left : columns;
  const int32_t last = first + g->in_w < columns ? first + g->in_w : columns;
  const int32_t kept = oh > 0 && g->stride_h == 1 && g->dilation_h == 1 ? g->kernel_h - 1 : 0;
  int32_t row = oh * g->stride_h - g->pad_top + kept * g->dilation_h;
  if (kept > 0) shift(to, to + depth, to + places * g->out_w);
  memset(bytes, p->x_zero, (size_t)(first * depth));
  memset(bytes + last * depth, p->x_zero, (size_t)((columns - last) * depth));
  for (int32_t kh = kept; kh < g->kernel_h; kh++, row += g->dilation_h) {
    const size_t inside = (size_t)((last - first) * depth);
    if (row < 0 || row >= g->in_h) memset(bytes + first * depth, p->x_zero, inside);
    else memcpy(bytes + first * depth, x + row * g->in_w * depth, inside);
    uint32_t *at = to + kh * depth;
    const int8_t *from = bytes;
    for (int32_t ow = 0; ow < g->out_w; ow += 2, at += 2 * places, from += 2 * depth) {
      join(at, from + depth, -depth, at + depth);
      join(at + places, from + 2 * depth, depth, at + places + depth);
    }
  }
}
