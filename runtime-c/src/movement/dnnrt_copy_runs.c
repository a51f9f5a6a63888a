#include "dnnrt.h"

typedef uint32_t __attribute__((may_alias)) word;

static void copy_words(uint32_t n, const word *x, word *y) {
  for (; n >= 4; n -= 4, x += 4, y += 4) {
    const word a = x[0], b = x[1], c = x[2], d = x[3];
    y[0] = a;
    y[1] = b;
    y[2] = c;
    y[3] = d;
  }
  for (; n > 0; n--) *y++ = *x++;
}

static void copy_bytes(uint32_t n, const uint8_t *x, uint8_t *y) {
  for (; n > 0; n--) *y++ = *x++;
}

/* Copies rows * columns runs of bytes, between images and some of their channels or pixels; whole words where everything is a multiple of 4. */
void dnnrt_copy_runs(const dnnrt_runs_t *p, const void *source, void *target) {
  const uint8_t *x = (const uint8_t *)source + p->x_offset;
  uint8_t *y = (uint8_t *)target + p->y_offset;
  const uint32_t run = p->run;
  const int32_t x_step = p->x_step, y_step = p->y_step;
  const uint32_t all = run | (uint32_t)(x_step | y_step | p->x_row | p->y_row | p->x_offset | p->y_offset);
  for (uint32_t row = p->rows; row > 0; row--, x += p->x_row, y += p->y_row) {
    const uint8_t *from = x;
    uint8_t *to = y;
    if ((all & 3u) == 0) {
      for (uint32_t i = p->columns; i > 0; i--, from += x_step, to += y_step) copy_words(run / 4, (const word *)from, (word *)to);
    } else if (run == 1) {
      for (uint32_t i = p->columns; i > 0; i--, from += x_step, to += y_step) *to = *from;
    } else {
      for (uint32_t i = p->columns; i > 0; i--, from += x_step, to += y_step) copy_bytes(run, from, to);
    }
  }
}
