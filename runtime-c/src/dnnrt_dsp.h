/*
 * Inside the library: what the kernels for cores with the DSP extension and an FPU share. Each of them also has a portable form, with the
 * same bits, so that it can be tested on any machine.
 *
 * Values of x are widened to int16: the quad v0..v3 becomes the words (v0, v2), (v1, v3), low half first. Weights of two output
 * channels a, b share an int16, 256 * b + a. With acc and low the sums over such halves h and over their sign-extended low
 * bytes, sum(a x) = low and sum(b x) = (acc - low) / 256 without remainder: one extension and two SMLAD for four products.
 */
#ifndef DNNRT_DSP_H
#define DNNRT_DSP_H

#include "dnnrt_requantize.h"

#include <string.h>

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
#define DNNRT_DSP 1
#else
#define DNNRT_DSP 0
#endif

/* One word at any address. A freestanding compiler would call memcpy for it. */
static inline uint32_t dnnrt_load_word(const int8_t *x) {
  uint32_t word;
#if DNNRT_DSP
  __builtin_memcpy(&word, x, 4);
#else
  memcpy(&word, x, 4);
#endif
  return word;
}

static inline void dnnrt_store_word(int8_t *y, uint32_t word) {
#if DNNRT_DSP
  __builtin_memcpy(y, &word, 4);
#else
  memcpy(y, &word, 4);
#endif
}

/* (v0, v2) of the quad v0..v3 in one word; of the word turned by a byte: (v1, v3). */
static inline uint32_t dnnrt_widen_even(uint32_t quad) {
#if DNNRT_DSP
  uint32_t wide;
  __asm__("sxtb16 %0, %1" : "=r"(wide) : "r"(quad));
  return wide;
#else
  return (uint32_t)(uint16_t)(int8_t)quad | (uint32_t)(uint16_t)(int8_t)(quad >> 16) << 16;
#endif
}

static inline uint32_t dnnrt_widen_odd(uint32_t quad) {
#if DNNRT_DSP
  uint32_t wide;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(wide) : "r"(quad));
  return wide;
#else
  return dnnrt_widen_even(quad >> 8);
#endif
}

/* sum + the products of the halves of a and b; wraps. */
static inline uint32_t dnnrt_smlad(uint32_t a, uint32_t b, uint32_t sum) {
#if DNNRT_DSP
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
#else
  return sum + (uint32_t)((int16_t)a * (int16_t)b) + (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16));
#endif
}

#endif
