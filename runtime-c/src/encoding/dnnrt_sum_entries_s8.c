#include "dnnrt_sum_entries.h"

/*
 * Adds to sums[i] the entries times the inputs from x + i * step on, for `count` neighbours (a multiple of DNNRT_PIXELS): each entry is read
 * once for DNNRT_PIXELS of them. A function of its own, so that everything in the loop stays in registers.
 */
void dnnrt_sum_entries_s8(const dnnrt_entry_s8_t *first, const dnnrt_entry_s8_t *end, const int8_t *x, uint32_t step, uint32_t *sums, uint32_t count) {
#if DNNRT_PIXELS == 2
  for (const uint32_t *stop = sums + count; sums < stop; sums += 2, x += 2 * step) {
    uint32_t a = sums[0], b = sums[1];
    for (const dnnrt_entry_s8_t *entry = first; entry < end; entry++) {
      const uint32_t place = entry->place;
      const int32_t value = entry->value;
      a += (uint32_t)(x[place] * value);
      b += (uint32_t)(x[place + step] * value);
    }
    sums[0] = a, sums[1] = b;
  }
#else
  for (const uint32_t *stop = sums + count; sums < stop; sums += 4, x += 4 * step) {
    const int8_t *x1 = x + step, *x2 = x1 + step, *x3 = x2 + step;
    uint32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (const dnnrt_entry_s8_t *entry = first; entry < end; entry++) {
      const uint32_t place = entry->place;
      const int32_t value = entry->value;
      a += (uint32_t)(x[place] * value);
      b += (uint32_t)(x1[place] * value);
      c += (uint32_t)(x2[place] * value);
      d += (uint32_t)(x3[place] * value);
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
  }
#endif
}
