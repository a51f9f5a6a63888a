/*
 * Compares requantization by a prepared channel with its definition over pseudo-random sums, multipliers and zero points, half of them
 * aimed at ties. Argument: number of cases. Prints the number of mismatches and the share that took the long way.
 */
#define DNNRT_INTEGER_REQUANTIZE 1
#include "dnnrt_requantize_channel.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252u;

static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32);
}

static float random_multiplier(void) {
  const uint32_t exponent = next() % 8 == 0 ? next() % 130u : 96u + next() % 34u;
  const uint32_t bits = (exponent << 23) | (next() & 0x7fffffu);
  float value;
  memcpy(&value, &bits, sizeof value);
  return next() % 8 == 0 ? 1.0f / (float)(1 + next() % 4096) : value;
}

int main(int argc, char **argv) {
  const long count = argc > 1 ? strtol(argv[1], 0, 10) : 1000000;
  long mismatches = 0;
  for (long i = 0; i < count; i++) {
    const float multiplier = random_multiplier();
    const int32_t zero = (int32_t)(next() % 256) - 128;
    const int32_t lo = next() % 4 ? -128 : (int32_t)(next() % 128) - 128, hi = next() % 4 ? 127 : (int32_t)(next() % 128);
    int32_t acc = (int32_t)next() >> (next() % 31);
    const float tie = ((float)(int32_t)(next() % 1024) - 511.5f) / multiplier;
    if (i % 2 && tie > -2e9f && tie < 2e9f) acc = (int32_t)tie + (int32_t)(next() % 5) - 2;
    const dnnrt_channel_t channel = dnnrt_channel(multiplier);
    const int32_t expected = dnnrt_saturate_f32((float)acc * multiplier, zero, lo, hi);
    const int32_t got = dnnrt_requantize_by(&channel, acc, zero, lo, hi);
    if (expected != got && mismatches++ < 5)
      printf("acc %d multiplier %a zero %d [%d, %d]: %d, not %d\n", acc, multiplier, zero, lo, hi, got, expected);
  }
  printf("%ld mismatches in %ld\n", mismatches, count);
  return mismatches != 0;
}
