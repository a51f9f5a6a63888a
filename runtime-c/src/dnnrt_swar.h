/*
 * Inside the library: integer kernels for cores whose only arithmetic is a 32-bit multiply (Cortex-M0+). A word holds two int8
 * values p + q * 2^16. The product of (p + q * 2^16) and (u + v * 2^16), modulo 2^32, is p u + (p v + q u) * 2^16: its upper half is a
 * sum of two products. An arithmetic shift by 16 leaves the sign of the lower half in the carry, and adding that carry repairs
 * the borrow.
 */
#ifndef DNNRT_SWAR_H
#define DNNRT_SWAR_H

#include "dnnrt_requantize.h"

#include <string.h>

#ifdef __thumb__
#define DNNRT_THUMB 1
#else
#define DNNRT_THUMB 0
#endif

/* One pixel of output for a run of channels. The order of the first seven is known to the assembly. */
typedef struct {
  const uint32_t *weights;    /* words of the channels, block by block */
  const uint32_t *column;     /* words of the input: (v0, v2), (v1, v3) of each quad */
  const uint32_t *column_end;
  const int32_t *table;       /* what each block of channels needs besides weights */
  const int32_t *table_end;
  int8_t *y;
  int32_t round;              /* zero * 2^16 + 2^15 + 2^8 */
  const dnnrt_requantize_t *requantize;
  const float *multiplier;    /* of the first channel */
  const int32_t *starts;      /* where sums start, for kernels that do not find it in the table */
  int32_t run;                /* bytes of the column that may be summed in half a word */
  int32_t sum;                /* of the input of the pixel, where the table asks for it */
} dnnrt_swar_pixel_t;

/*
 * Sums of two neighbouring pixels of output for a run of channels, kernels of three columns. The order is known to the assembly. Weights of
 * a block of 4 channels: per type, per two places of a kernel column, per channel a word for each. Words of the column: per type one for each place.
 */
typedef struct {
  const uint32_t *weights;
  const uint32_t *column;
  int32_t bytes;              /* of the column's words of one type */
  const int32_t *table;       /* as dnnrt_swar_pixel4 has it; its starts are used */
  int32_t *sums;              /* of the first pixel */
  int32_t *sums_end;
  int32_t apart;              /* bytes to the sums of the second pixel */
  int32_t run;                /* bytes of the column that may be summed in half words */
} dnnrt_swar_pair_t;

/* How a convolution stores its weights. */
typedef struct {
  void (*unpack)(const int8_t *weights, int32_t quads, uint32_t *to);
  void (*multiply)(const dnnrt_swar_pixel_t *p);
  int32_t block;              /* channels at a time */
  int32_t table_words;        /* of a block */
  int32_t per_byte;           /* weights */
} dnnrt_swar_form_t;

/* Rows of one channel of a 3x3 depthwise convolution. The order is known to the assembly; steps in bytes. */
typedef struct {
  const uint32_t *plane;      /* [column][row] */
  const int32_t *weights;     /* [kernel column][kernel row] */
  int32_t start_low, start_high;
  int32_t factor;
  int32_t shift;              /* 256 is added where columns must be split */
  int8_t *y;
  int32_t y_high;             /* from the output in the first half to that in the second */
  int32_t y_step;             /* between outputs of a row */
  int32_t outputs;            /* of a row */
  int32_t pitch_rest;         /* bytes of a plane column less 12 */
  int32_t back;               /* from behind three plane columns to where the next output starts */
  int32_t rows;
  int32_t plane_row, y_row;   /* from row to row; y_row from the end of a row to the start of the next */
  int32_t round;
  const dnnrt_swar_pixel_t *pixel; /* y of it is any place */
} dnnrt_swar_plane_t;

/* Quads v0..v3 become the words (v0, v2), (v1, v3). x is aligned to 4 bytes. */
void dnnrt_swar_widen(const int8_t *x, int32_t quads, uint32_t *to);
/* Words of nibbles w + 8 become four words: (n0, n4), (n1, n5), (n2, n6), (n3, n7), which are the quads of two channels. */
void dnnrt_swar_widen4(const int8_t *weights, int32_t quads, uint32_t *to);
/* Sum of all values in words, an even number of these. */
int32_t dnnrt_swar_sum(const uint32_t *words, int32_t n);
/* Where the values of a field are from its first one, rounded up to quads; false when that needs more than 16 bits. */
int32_t dnnrt_swar_places(const dnnrt_conv2d_swar_t *p, int32_t values, uint16_t *places);
/* The field of one pixel. `bytes`: room for it, padded to quads; `places` may be null. */
void dnnrt_swar_field(
    const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t oh, int32_t ow, uint32_t *column, int8_t *bytes, const uint16_t *places);
/* Words of all input columns that a row of output needs, [column][kernel row][channel], each column in whole quads. `bytes`: room for it as bytes. */
void dnnrt_swar_strips(const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t oh, uint32_t *to, int8_t *bytes);
void dnnrt_swar_convolve(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch, const dnnrt_swar_form_t *form);
/* Sums within 2^-8 of a tie: the definition itself. `y` is where the result of the channel goes. */
int32_t dnnrt_swar_exact(const dnnrt_swar_pixel_t *p, const int8_t *y, int32_t sum);

/* round(sum * multiplier) + zero by the factor and shift of the table, within [-128, 127]. */
static inline int32_t dnnrt_swar_requantize(const dnnrt_swar_pixel_t *p, const int8_t *y, int32_t sum, int32_t factor, int32_t shift) {
  const int32_t product = (sum >> 8) * factor + (int32_t)(((uint32_t)sum & 255u) * (uint32_t)factor >> 8);
  const int32_t v = (product >> shift) + p->round;
  if ((v & 0xfe00) == 0) return dnnrt_swar_exact(p, y, sum);
  const int32_t q = v >> 16;
  return q < -128 ? -128 : q > 127 ? 127 : q;
}

/* Sum of two tensors of at least one element; 0 where ratios are too large for it. */
int32_t dnnrt_swar_add(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y);
/* The definition, within limits, before y_shift is taken off. */
int32_t dnnrt_swar_add_exact(const dnnrt_add_s8_t *p, int32_t a, int32_t b);
/* Results within [-128, 127] to [lo, hi]: runs of n, `step` from one to the next. */
void dnnrt_swar_limit(const dnnrt_requantize_t *q, int32_t runs, int32_t n, int32_t step, int8_t *y);
/* Results of one pixel, channels in blocks of 2. */
void dnnrt_swar_pixel2(const dnnrt_swar_pixel_t *p);
/* Results of one pixel, channels in blocks of 4, sums of whole runs in half words. */
void dnnrt_swar_pixel4(const dnnrt_swar_pixel_t *p);
void dnnrt_swar_pair4(const dnnrt_swar_pair_t *p);
/* What makes results of sums at `starts`, channels in blocks of 4 with the table of dnnrt_swar_pixel4. */
void dnnrt_swar_finish4(const dnnrt_swar_pixel_t *p);
/* Words of all pairs of pixels of a row of output, [pair][type][kernel row][channel]. `bytes`: room for a row of input with its borders. */
void dnnrt_swar_pair_strips(const dnnrt_conv2d_swar_t *p, const int8_t *x, int32_t oh, uint32_t *to, int8_t *bytes);
void dnnrt_swar_plane3(const dnnrt_swar_plane_t *p);
/* Results of one row, channels in blocks of 4, weights packed. */
void dnnrt_swar_row4(const dnnrt_swar_pixel_t *p);

#if DNNRT_THUMB
/*
 * The sum in a low register becomes round(sum * multiplier) + zero within [-128, 127]. r3: factor and shift in the table, r12: round; uses r1,
 * r2, r4, r5. `n` makes labels and is the place of the channel in its block, from 1.
 */
#define DNNRT_SWAR_REQUANTIZE(sum, n) "ldmia r3!, {r4, r5}\n" DNNRT_SWAR_REQUANTIZE_BY(sum, n)
/* The same where a shift above 31 says that no factor is exact enough. */
#define DNNRT_SWAR_REQUANTIZE_ANY(sum, n) "ldmia r3!, {r4, r5}\n cmp r5, #31\n bhi 8" n "f\n" DNNRT_SWAR_REQUANTIZE_BY(sum, n)
#define DNNRT_SWAR_REQUANTIZE_BY(sum, n) \
  "uxtb r2, " sum "\n asrs r1, " sum ", #8\n muls r2, r4\n muls r1, r4\n lsrs r2, r2, #8\n adds r1, r1, r2\n" \
  "asrs r1, r5\n add r1, r12\n" \
  "uxth r2, r1\n lsrs r2, r2, #9\n beq 8" n "f\n" \
  "asrs r1, r1, #16\n sxtb r2, r1\n cmp r2, r1\n bne 7" n "f\n" \
  "6" n ": mov " sum ", r1\n"
/* Its rare ways, out of line: saturation, and sums near a tie. `y` holds the place of the block's results; the argument is at sp + 4. */
#define DNNRT_SWAR_RARE(sum, n, y) \
  "7" n ": asrs r1, r1, #31\n movs r2, #127\n eors r1, r2\n b 6" n "b\n" \
  "8" n ": push {r0, r3}\n mov r1, " y "\n adds r1, #" n " - 1\n movs r2, " sum "\n ldr r0, [sp, #12]\n mov r4, r12\n mov r5, lr\n" \
  "bl dnnrt_swar_exact\n mov r12, r4\n mov lr, r5\n movs r1, r0\n pop {r0, r3}\n b 6" n "b\n"
#endif

/* Upper half of a word of products. */
static inline int32_t dnnrt_swar_upper(uint32_t word) { return ((int32_t)word >> 16) + (int32_t)(word >> 15 & 1u); }

#endif
