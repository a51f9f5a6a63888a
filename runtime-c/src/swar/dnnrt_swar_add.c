#include "dnnrt_round.h"
#include "dnnrt_swar.h"

int32_t dnnrt_swar_add_exact(const dnnrt_add_s8_t *p, int32_t a, int32_t b) {
  const float part = dnnrt_fused_f32(b + p->b_shift, p->b_ratio, p->fixed);
  return dnnrt_saturate_f32(dnnrt_fused_f32(a + p->a_shift, p->a_ratio, part), 0, p->lo, p->hi);
}

#define FRACTION 20
#define BAND (1 << (FRACTION - 11))

/* The order is known to the assembly. */
typedef struct {
  const int8_t *a, *b;        /* behind the last */
  int8_t *y;
  int32_t a_ratio, b_ratio;
  int32_t index;              /* of the first, from the end */
  int32_t start, lo, hi, shift;
  const dnnrt_add_s8_t *exact;
} add_t;

/* In words of 2^-20; where a word is within BAND of a tie the definition decides. */
#if DNNRT_THUMB
static __attribute__((naked, noinline)) void add_words(__attribute__((unused)) const add_t *p) {
  __asm__ volatile(
      ".syntax unified\n"
      "push {r4-r7, lr}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r0, r4-r7}\n"
      "ldr r2, [r0, #24]\n mov r8, r2\n ldr r2, [r0, #28]\n mov r10, r2\n ldr r2, [r0, #32]\n mov r11, r2\n ldr r2, [r0, #36]\n mov r12, r2\n"
      "movs r2, #1\n lsls r2, r2, #22\n mov r9, r2\n"
      "ldr r1, [r0, #4]\n ldr r7, [r0, #8]\n ldr r5, [r0, #12]\n ldr r6, [r0, #16]\n ldr r2, [r0, #20]\n ldr r0, [r0]\n"
      "1: ldrsb r3, [r0, r2]\n ldrsb r4, [r1, r2]\n muls r3, r5\n muls r4, r6\n adds r3, r3, r4\n add r3, r8\n"
      "lsls r4, r3, #12\n cmp r4, r9\n blo 3f\n"
      "asrs r3, r3, #20\n cmp r3, r10\n blt 4f\n cmp r3, r11\n bgt 5f\n"
      "2: add r3, r12\n strb r3, [r7, r2]\n adds r2, #1\n bne 1b\n"
      "pop {r0, r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n"
      "3: push {r0, r1, r2, r3}\n ldrsb r3, [r0, r2]\n ldrsb r2, [r1, r2]\n movs r1, r3\n ldr r0, [sp, #16]\n ldr r0, [r0, #40]\n"
      "mov r4, r12\n bl dnnrt_swar_add_exact\n mov r12, r4\n mov r4, r0\n pop {r0, r1, r2, r3}\n mov r3, r4\n b 2b\n"
      "4: mov r3, r10\n b 2b\n"
      "5: mov r3, r11\n b 2b\n");
}
#else
static void add_words(const add_t *p) {
  for (int32_t i = p->index; i < 0; i++) {
    const int32_t v = p->start + p->a_ratio * p->a[i] + p->b_ratio * p->b[i];
    int32_t q = v >> FRACTION;
    if (((uint32_t)v << (32 - FRACTION)) < ((uint32_t)(2 * BAND) << (32 - FRACTION))) q = dnnrt_swar_add_exact(p->exact, p->a[i], p->b[i]);
    p->y[i] = (int8_t)((q < p->lo ? p->lo : q > p->hi ? p->hi : q) + p->shift);
  }
}
#endif

static int32_t in_words(float v) {
  const float one = (float)(1 << FRACTION);
  return (int32_t)(v * one + (v < 0.0f ? -0.5f : 0.5f));
}

static float size(float v) { return v < 0.0f ? -v : v; }

/* Halved ratios times 400 twice are off by 400 of 2^-20, the roundings of the definition by less than 80 for terms within 2000. */
int32_t dnnrt_swar_add(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y) {
  const float a_most = 128.0f + size(p->a_shift), b_most = 128.0f + size(p->b_shift);
  if (!(a_most * size(p->a_ratio) + b_most * size(p->b_ratio) + size(p->fixed) < 2000.0f && a_most < 400.0f && b_most < 400.0f)) return 0;
  const int32_t n = (int32_t)p->n, a_ratio = in_words(p->a_ratio), b_ratio = in_words(p->b_ratio);
  const add_t words = {
      a + n, b + n, y + n, a_ratio, b_ratio, -n,
      (int32_t)((uint32_t)in_words(p->fixed) + (uint32_t)(a_ratio * p->a_shift) + (uint32_t)(b_ratio * p->b_shift) + (1u << (FRACTION - 1)) + BAND), p->lo, p->hi, -p->y_shift, p};
  add_words(&words);
  return 1;
}
