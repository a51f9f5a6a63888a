/* Inside the library: sums over the entries of a decoded row for several neighbouring pixels. */
#ifndef DNNRT_SUM_ENTRIES_H
#define DNNRT_SUM_ENTRIES_H

#include "dnnrt_encoding.h"

/* Neighbouring pixels that are summed at once: as many as the registers hold. */
#ifdef __ARM_ARCH_6M__
#define DNNRT_PIXELS 2
#else
#define DNNRT_PIXELS 4
#endif

/* Sums of one call at most: a multiple of DNNRT_PIXELS. */
#define DNNRT_RUN 32

void dnnrt_sum_entries_s8(const dnnrt_entry_s8_t *entry, const dnnrt_entry_s8_t *end, const int8_t *x, uint32_t step, uint32_t *sums, uint32_t count);
void dnnrt_sum_entries_f32(const dnnrt_entry_f32_t *entry, const dnnrt_entry_f32_t *end, const float *x, uint32_t step, float *sums, uint32_t count);

#endif
