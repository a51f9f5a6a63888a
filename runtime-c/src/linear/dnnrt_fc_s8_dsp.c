#include "dnnrt_dsp.h"

/*
 * Fully connected layer in blocks of 8 outputs for cores with dual 16-bit multiply-accumulate.
 *
 * x is widened to int16 once: a quad v0..v3 becomes the words (v0, v2), (v1, v3). Weights are packed [block of 4 output
 * pairs][quad][word][pair]: bytes a0 b0 a2 b2 (word 0), a1 b1 a3 b3 (word 1) of outputs a and b. The zero point of x is part of the bias.
 */
#define OUTPUTS 8

static void widen(const int8_t *x, int32_t n, uint32_t *wide) {
  for (; n >= 4; n -= 4, x += 4, wide += 2) {
    uint32_t quad;
    memcpy(&quad, x, 4);
#if DNNRT_DSP
    __asm__("sxtb16 %0, %2\n sxtb16 %1, %2, ror #8" : "=&r"(wide[0]), "=r"(wide[1]) : "r"(quad));
#else
    wide[0] = (uint32_t)(uint16_t)(int8_t)quad | (uint32_t)(uint16_t)(int8_t)(quad >> 16) << 16;
    wide[1] = (uint32_t)(uint16_t)(int8_t)(quad >> 8) | (uint32_t)(uint16_t)(int8_t)(quad >> 24) << 16;
#endif
  }
  if (n > 0) {
    const int32_t v1 = n > 1 ? x[1] : 0, v2 = n > 2 ? x[2] : 0;
    wide[0] = (uint32_t)(uint16_t)x[0] | (uint32_t)v2 << 16;
    wide[1] = (uint32_t)(uint16_t)v1;
  }
}

/* sums[0..7] = bias[0..7] + the block's products; `end` = end of the widened input. Returns the end of the block's weights. */
#if DNNRT_DSP
#define TWO(a, b, c, d) \
  "sxtb16 lr, r0\n sxtb16 r0, r0, ror #8\n smlad " a ", lr, r12, " a "\n smlad " b ", r0, r12, " b "\n" \
  "sxtb16 lr, r3\n sxtb16 r3, r3, ror #8\n smlad " c ", lr, r12, " c "\n smlad " d ", r3, r12, " d "\n"
#define WORD \
  "ldr r12, [r1], #4\n ldr r0, [r2], #4\n ldr r3, [r2], #4\n" TWO("r4", "r5", "r6", "r7") \
  "ldr r0, [r2], #4\n ldr r3, [r2], #4\n" TWO("r8", "r9", "r10", "r11")
static __attribute__((naked, noinline)) const uint32_t *multiply_block(
    __attribute__((unused)) const uint32_t *wide, __attribute__((unused)) const uint32_t *end,
    __attribute__((unused)) const uint32_t *w, __attribute__((unused)) int32_t *sums) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "vmov s0, r1\n vmov s1, r3\n mov r1, r0\n"
      "ldm r3, {r4-r11}\n"
      "1:\n" WORD WORD
      "vmov r0, s0\n cmp r1, r0\n bne 1b\n"
      "vmov r3, s1\n stm r3, {r4-r11}\n mov r0, r2\n"
      "pop {r4-r11, pc}\n");
}
#else
static const uint32_t *multiply_block(const uint32_t *wide, const uint32_t *end, const uint32_t *w, int32_t *sums) {
  for (; wide != end; wide++) {
    const int32_t low = (int16_t)*wide, high = (int16_t)(*wide >> 16);
    for (int32_t pair = 0; pair < OUTPUTS / 2; pair++, w++) {
      sums[2 * pair] += (int8_t)*w * low + (int8_t)(*w >> 16) * high;
      sums[2 * pair + 1] += (int8_t)(*w >> 8) * low + (int8_t)(*w >> 24) * high;
    }
  }
  return w;
}
#endif

/* scratch: 8 bytes for every 4 inputs. bias holds a multiple of 8 entries. */
void dnnrt_fc_s8_dsp(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_requantize_t *q = &p->requantize;
  uint32_t *wide = (uint32_t *)scratch;
  const uint32_t *end = wide + (p->in_n + 3) / 4 * 2;
  for (uint32_t row = 0; row < p->rows; row++, x += p->in_n) {
    const uint32_t *w = (const uint32_t *)p->weights;
    widen(x, (int32_t)p->in_n, wide);
    for (uint32_t o = 0; o < p->out_n; o += OUTPUTS) {
      int32_t sums[OUTPUTS];
      memcpy(sums, p->bias + o, sizeof sums);
      w = multiply_block(wide, end, w, sums);
      for (uint32_t i = 0; i < OUTPUTS && o + i < p->out_n; i++) {
        *y++ = (int8_t)dnnrt_requantize(sums[i], q->multiplier[(o + i) * q->per_channel], q->y_zero, q->lo, q->hi);
      }
    }
  }
}
