/*
 * Inside the library: receptive fields of convolutions in tiles of 4 pixels, for cores with dual 16-bit multiply-accumulate (dnnrt_dsp.h).
 * The fields of 4 pixels are widened side by side in `column`, [kernel row][quad][word][pixel]; padding is filled with the zero
 * point of x, which is part of the bias. A row of the kernel whose size is no multiple of 4 ends with whatever x holds there,
 * or leaves its last value to a quad of their own.
 */
#ifndef DNNRT_GATHER_DSP_H
#define DNNRT_GATHER_DSP_H

#include "dnnrt_dsp.h"

#define PIXELS 4

/* `rows` runs of `quads` quads, `pitch` bytes apart, for one pixel of the tile; returns the place behind them. */
#if DNNRT_DSP
static __attribute__((naked, noinline)) uint32_t *widen_rows(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) int32_t pitch, __attribute__((unused)) int32_t quads,
    __attribute__((unused)) int32_t rows, __attribute__((unused)) uint32_t *column) {
  __asm__ volatile(
      "push {r4-r9, lr}\n ldr r12, [sp, #28]\n"
      "1:\n mov r5, r0\n subs r4, r2, #4\n blt 3f\n"
      "2:\n ldr r6, [r5], #4\n ldr r7, [r5], #4\n ldr r8, [r5], #4\n ldr r9, [r5], #4\n"
      "sxtb16 lr, r6\n sxtb16 r6, r6, ror #8\n str lr, [r12]\n str r6, [r12, #16]\n"
      "sxtb16 lr, r7\n sxtb16 r7, r7, ror #8\n str lr, [r12, #32]\n str r7, [r12, #48]\n"
      "sxtb16 lr, r8\n sxtb16 r8, r8, ror #8\n str lr, [r12, #64]\n str r8, [r12, #80]\n"
      "sxtb16 lr, r9\n sxtb16 r9, r9, ror #8\n str lr, [r12, #96]\n str r9, [r12, #112]\n"
      "add r12, r12, #128\n subs r4, r4, #4\n bge 2b\n"
      "3:\n adds r4, r4, #4\n beq 5f\n"
      "4:\n ldr r6, [r5], #4\n subs r4, r4, #1\n sxtb16 lr, r6\n sxtb16 r6, r6, ror #8\n str lr, [r12]\n str r6, [r12, #16]\n"
      "add r12, r12, #32\n bne 4b\n"
      "5:\n add r0, r0, r1\n subs r3, r3, #1\n bne 1b\n"
      "mov r0, r12\n pop {r4-r9, pc}\n");
}
#else
static uint32_t *widen_rows(const int8_t *x, int32_t pitch, int32_t quads, int32_t rows, uint32_t *column) {
  for (; rows > 0; rows--, x += pitch) {
    for (int32_t i = 0; i < quads; i++, column += 2 * PIXELS) {
      const uint32_t quad = dnnrt_load_word(x + 4 * i);
      column[0] = dnnrt_widen_even(quad);
      column[PIXELS] = dnnrt_widen_odd(quad);
    }
  }
  return column;
}
#endif

static uint32_t *fill(uint32_t pair, int32_t quads, uint32_t *column) {
  for (; quads > 0; quads--, column += 2 * PIXELS) column[0] = column[PIXELS] = pair;
  return column;
}

/* The field of a pixel whose depth is `quads` quads and that crosses the border of the image, or is dilated: tap by tap. */
static void widen_taps(const dnnrt_conv2d_s8_t *p, const int8_t *x, int32_t row, int32_t left, int32_t quads, uint32_t *column) {
  const dnnrt_window_t *g = &p->window;
  const uint32_t zero = (uint32_t)(uint16_t)p->x_zero * 0x10001u;
  for (int32_t kh = g->kernel_h; kh > 0; kh--, row += g->dilation_h) {
    if (row < 0 || row >= g->in_h) {
      column = fill(zero, g->kernel_w * quads, column);
      continue;
    }
    int32_t at = left;
    for (int32_t tap = g->kernel_w; tap > 0; tap--, at += g->dilation_w) {
      const int32_t outside = at < 0 || at >= g->in_w;
      column = outside ? fill(zero, quads, column) : widen_rows(x + (row * g->in_w + at) * g->in_c, 0, quads, 1, column);
    }
  }
}

/* What the fields of one call have in common. */
struct fields {
  const dnnrt_conv2d_s8_t *p;
  const int8_t *x;
  int32_t pitch, quads; /* bytes of an image row, quads of a kernel row */
  int32_t slack;        /* bytes that a whole quad may lie behind the end of a field */
  int32_t plain;        /* no dilation */
  int32_t tail;         /* the last values of the 3 kernel rows share a quad at the end */
  int8_t *bytes;        /* room for a field */
};

/* With `shares_tails` 3 rows of 4 n + 1 values have one quad for their last ones. */
static struct fields describe_fields(const dnnrt_conv2d_s8_t *p, const int8_t *x, int32_t shares_tails) {
  const dnnrt_window_t *g = &p->window;
  const int32_t run = g->kernel_w * g->in_c, tail = shares_tails && g->kernel_h == 3 && (run & 3) == 1 && run > 4;
  const int32_t quads = tail ? run / 4 : (run + 3) / 4;
  const int32_t plain = (g->dilation_h == 1 || g->kernel_h == 1) && (g->dilation_w == 1 || g->kernel_w == 1);
  return (struct fields){p, x, g->in_w * g->in_c, quads, tail ? 0 : 4 * quads - run, plain, tail, 0};
}

static int32_t field_quads(const struct fields *f) {
  return f->quads * f->p->window.kernel_h + f->tail;
}

static int8_t *copy_bytes(const int8_t *from, int32_t n, int8_t *to) {
  for (; n >= 4; n -= 4, from += 4, to += 4) dnnrt_store_word(to, dnnrt_load_word(from));
  for (; n > 0; n--) *to++ = *from++;
  return to;
}

static int8_t *fill_bytes(int8_t value, int32_t n, int8_t *to) {
  const uint32_t four = (uint32_t)(uint8_t)value * 0x1010101u;
  for (; n >= 4; n -= 4, to += 4) dnnrt_store_word(to, four);
  for (; n > 0; n--) *to++ = value;
  return to;
}

/* How many of `width` columns from column `left` on lie before the image and behind it. */
struct sides {
  int32_t before, behind;
};

static struct sides sides_at(const dnnrt_window_t *g, int32_t left, int32_t width) {
  const int32_t end = g->in_w - left, before = left >= 0 ? 0 : -left < width ? -left : width;
  return (struct sides){before, end >= width ? 0 : end > before ? width - end : width - before};
}

/* `width` neighbouring pixels, from column `left` of row `row` on, of which some may lie outside of the image. */
static void copy_columns(const struct fields *f, int32_t row, int32_t left, int32_t width, struct sides sides, int8_t *to) {
  const dnnrt_window_t *g = &f->p->window;
  const int8_t zero = (int8_t)f->p->x_zero;
  const int32_t depth = g->in_c;
  if (row < 0 || row >= g->in_h) {
    fill_bytes(zero, width * depth, to);
    return;
  }
  to = fill_bytes(zero, sides.before * depth, to);
  to = copy_bytes(f->x + row * f->pitch + (left + sides.before) * depth, (width - sides.before - sides.behind) * depth, to);
  fill_bytes(zero, sides.behind * depth, to);
}

/* A row of a dilated kernel. */
static void copy_dilated(const struct fields *f, int32_t row, int32_t left, int8_t *to) {
  const dnnrt_window_t *g = &f->p->window;
  for (int32_t tap = 0; tap < g->kernel_w; tap++, left += g->dilation_w, to += g->in_c) {
    copy_columns(f, row, left, 1, sides_at(g, left, 1), to);
  }
}

/* The bytes of any field; rows begin at multiples of 4. */
static void copy_taps(const struct fields *f, int32_t row, int32_t left) {
  const dnnrt_window_t *g = &f->p->window;
  const int32_t run = g->kernel_w * g->in_c;
  const struct sides sides = sides_at(g, left, g->kernel_w);
  int8_t *to = f->bytes, tails[4], *tail = tails;
  for (int32_t kh = g->kernel_h; kh > 0; kh--, row += g->dilation_h) {
    if (f->plain) copy_columns(f, row, left, g->kernel_w, sides, to);
    else copy_dilated(f, row, left, to);
    if (f->tail) *tail++ = to[run - 1];
    to += 4 * f->quads;
  }
  if (f->tail) copy_bytes(tails, 3, to);
}

/* Columns that the fields of a tile cover, and bytes of a row of them in `patch_fields`. */
static int32_t patch_columns(const dnnrt_window_t *g) {
  return (PIXELS - 1) * g->stride_w + g->kernel_w;
}

static int32_t patch_pitch(const dnnrt_window_t *g) {
  return (patch_columns(g) * g->in_c + 7) & ~3;
}

/* The part of the image that the fields of a tile cover, with its borders; shallow images only. */
static const int8_t *patch_fields(const struct fields *f, int32_t row, int32_t left) {
  const dnnrt_window_t *g = &f->p->window;
  const int32_t columns = patch_columns(g), pitch = patch_pitch(g);
  const struct sides sides = sides_at(g, left, columns);
  for (int32_t kh = 0; kh < g->kernel_h; kh++) copy_columns(f, row + kh, left, columns, sides, f->bytes + kh * pitch);
  return f->bytes;
}

/* True when the taps of `pixels` neighbours from row, left on lie in the image, and whole quads do not leave it. */
static int32_t is_inside(const struct fields *f, int32_t row, int32_t left, int32_t pixels) {
  const dnnrt_window_t *g = &f->p->window;
  const int32_t right = left + (pixels - 1) * g->stride_w + g->kernel_w, below = g->in_h - row - g->kernel_h;
  if (!f->plain || row < 0 || below < 0 || left < 0 || right > g->in_w) return 0;
  return below > 0 || (g->in_w - right) * g->in_c >= f->slack;
}

static void widen_tail(const int8_t *x, int32_t pitch, uint32_t *column) {
  column[0] = (uint32_t)(uint16_t)x[0] | (uint32_t)(uint16_t)x[2 * pitch] << 16;
  column[PIXELS] = (uint32_t)(uint16_t)x[pitch];
}

static void widen_field(const struct fields *f, int32_t row, int32_t left, uint32_t *column) {
  const dnnrt_window_t *g = &f->p->window;
  if (is_inside(f, row, left, 1)) {
    const int8_t *from = f->x + row * f->pitch + left * g->in_c;
    column = widen_rows(from, f->pitch, f->quads, g->kernel_h, column);
    if (f->tail) widen_tail(from + 4 * f->quads, f->pitch, column);
  } else if ((g->in_c & 3) == 0) {
    widen_taps(f->p, f->x, row, left, g->in_c / 4, column);
  } else {
    copy_taps(f, row, left);
    widen_rows(f->bytes, 0, field_quads(f), 1, column);
  }
}

/* Four fields that lie `step` bytes apart. */
#if DNNRT_DSP
static __attribute__((naked, noinline)) void widen_tile(
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) int32_t step, __attribute__((unused)) int32_t quads,
    __attribute__((unused)) int32_t rows, __attribute__((unused)) int32_t pitch, __attribute__((unused)) uint32_t *column) {
  __asm__ volatile(
      "push {r4-r11, lr}\n ldr r4, [sp, #36]\n ldr r12, [sp, #40]\n"
      "vmov s0, r2\n vmov s1, r3\n sub r4, r4, r2, lsl #2\n vmov s2, r4\n add r2, r1, r1, lsl #1\n"
      "1:\n vmov r3, s0\n"
      "2:\n ldr r4, [r0]\n ldr r5, [r0, r1]\n ldr r6, [r0, r1, lsl #1]\n ldr r7, [r0, r2]\n add r0, r0, #4\n"
      "sxtb16 r8, r4\n sxtb16 r9, r5\n sxtb16 r10, r6\n sxtb16 r11, r7\n stm r12!, {r8-r11}\n"
      "sxtb16 r4, r4, ror #8\n sxtb16 r5, r5, ror #8\n sxtb16 r6, r6, ror #8\n sxtb16 r7, r7, ror #8\n stm r12!, {r4-r7}\n"
      "subs r3, r3, #1\n bne 2b\n"
      "vmov r4, s2\n add r0, r0, r4\n vmov r4, s1\n subs r4, r4, #1\n vmov s1, r4\n bne 1b\n"
      "pop {r4-r11, pc}\n");
}
#else
static void widen_tile(const int8_t *x, int32_t step, int32_t quads, int32_t rows, int32_t pitch, uint32_t *column) {
  for (int32_t i = 0; i < PIXELS; i++) widen_rows(x + i * step, pitch, quads, rows, column + i);
}
#endif

#endif
