/*
 * Compares the integer requantization with its float definition over pseudo-random sums, multipliers and zero points, half of them
 * aimed at ties. Argument: number of cases. Prints the number of mismatches.
 */
#define DNNRT_INTEGER_REQUANTIZE 0
#include "dnnrt_requantize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32);
}

static float random_multiplier(void) {
  const uint32_t bits = ((96u + next() % 34u) << 23) | (next() & 0x7fffffu);
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
    int32_t acc = (int32_t)next() >> (next() % 31);
    const float tie = ((float)(int32_t)(next() % 1024) - 511.5f) / multiplier;
    if (i % 2 && tie > -2e9f && tie < 2e9f) acc = (int32_t)tie + (int32_t)(next() % 5) - 2;
    const int32_t expected = dnnrt_requantize(acc, multiplier, zero, -128, 127);
    const int32_t got = dnnrt_requantize_integer(acc, multiplier, zero, -128, 127);
    if (expected != got && mismatches++ < 5) printf("acc %d multiplier %a zero %d: %d, not %d\n", acc, multiplier, zero, got, expected);
  }
  printf("%ld mismatches in %ld\n", mismatches, count);
  return mismatches != 0;
}
