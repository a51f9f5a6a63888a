/* Inside the library: what the depthwise kernels over planes share. */
#ifndef DNNRT_SWAR_PLANE_H
#define DNNRT_SWAR_PLANE_H

#include "dnnrt_swar.h"

/* The part of an image that a plane of one channel holds: a word has pixels of rows r and r + apart. Steps in words. */
typedef struct {
  int32_t rows;
  int32_t apart;
  int32_t first, last;        /* columns inside the image */
  int32_t row_step, column_step;
} dnnrt_swar_part_t;

/* The pixels of one channel; what lies outside the image stays as it is in whole columns, and becomes `zero` in rows. */
void dnnrt_swar_gather(const dnnrt_window_t *g, int32_t zero, const int8_t *x, const dnnrt_swar_part_t *part, uint32_t *plane);

/* Rows of one channel of any depthwise convolution. The order is known to the assembly; steps in bytes. */
typedef struct {
  const uint32_t *plane;
  const int32_t *taps;        /* per line: pairs of taps, then the step from behind these pixels to those of the next line */
  int32_t start_low, start_high;
  int32_t factor;
  int32_t shift;
  int8_t *y;
  int32_t y_high;             /* from the output in the first half to that in the second */
  int32_t y_step;             /* between outputs of a row */
  int32_t outputs;            /* of a row */
  int32_t pairs;              /* of a line */
  int32_t lines;
  int32_t plane_step;         /* between outputs of a row */
  int32_t rows;
  int32_t plane_row, y_row;   /* from row to row; y_row from the end of a row to the start of the next */
  int32_t round;
  const dnnrt_swar_pixel_t *pixel; /* y of it is any place */
} dnnrt_swar_taps_t;

void dnnrt_swar_plane_taps(const dnnrt_swar_taps_t *p);

#if DNNRT_THUMB
/* The word is taken apart, with 2^15 added to keep its lower half positive: low sum in r8, high sum in r9, 2^15 in r10. Uses r3. */
#define DNNRT_SWAR_APART(sum) "add " sum ", r10\n uxth r3, " sum "\n add r8, r3\n asrs " sum ", " sum ", #16\n add r9, " sum "\n"
/* Sum in r6, factor r4, shift r5, round lr; the result is in r3. */
#define DNNRT_SWAR_PLANE_REQUANTIZE(n) \
  "uxtb r2, r6\n asrs r3, r6, #8\n muls r2, r4\n muls r3, r4\n lsrs r2, r2, #8\n adds r3, r3, r2\n asrs r3, r5\n add r3, lr\n" \
  "uxth r2, r3\n lsrs r2, r2, #9\n beq 8" n "f\n" \
  "asrs r3, r3, #16\n sxtb r2, r3\n cmp r2, r3\n bne 7" n "f\n" \
  "6" n ":\n"
/* `pixel`: place of that member in the frame, and 20. */
#define DNNRT_SWAR_PLANE_RARE(n, pixel) \
  "7" n ": asrs r3, r3, #31\n movs r2, #127\n eors r3, r2\n b 6" n "b\n" \
  "8" n ": mov r7, r12\n push {r0, r1, r4, r5, r7}\n mov r7, lr\n movs r2, r6\n ldr r0, [sp, #" pixel "]\n ldr r1, [r0, #20]\n" \
  "bl dnnrt_swar_exact\n mov lr, r7\n movs r3, r0\n pop {r0, r1, r4, r5, r7}\n mov r12, r7\n b 6" n "b\n"
#endif

#endif
