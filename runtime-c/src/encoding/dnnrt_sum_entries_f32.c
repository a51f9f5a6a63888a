#include "dnnrt_sum_entries.h"

/* Adds to sums[i] the entries times the inputs from x + i * step on, for `count` neighbours (a multiple of 4): each entry is read once for four. */
void dnnrt_sum_entries_f32(const dnnrt_entry_f32_t *first, const dnnrt_entry_f32_t *end, const float *x, uint32_t step, float *sums, uint32_t count) {
  for (const float *stop = sums + count; sums < stop; sums += 4, x += 4 * step) {
    const float *x1 = x + step, *x2 = x1 + step, *x3 = x2 + step;
    float a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (const dnnrt_entry_f32_t *entry = first; entry < end; entry++) {
      const uint32_t place = entry->place;
      const float value = entry->value;
      a += x[place] * value;
      b += x1[place] * value;
      c += x2[place] * value;
      d += x3[place] * value;
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
  }
}
