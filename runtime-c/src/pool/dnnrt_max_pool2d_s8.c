#include "dnnrt_dsp.h"

/* The part of a window inside the image: rows and columns of taps from the pixel at `x` on, steps in bytes. */
struct taps {
  const int8_t *x;
  int32_t rows, columns, row_step, column_step;
};

/* Arm cores without the DSP extension have neither the instructions for four values at once nor words at any address. */
#if DNNRT_DSP || !defined(__ARM_ARCH)
static inline uint32_t larger(uint32_t a, uint32_t b) {
#if DNNRT_DSP
  uint32_t r;
  __asm__("ssub8 %0, %1, %2\n sel %0, %1, %2" : "=&r"(r) : "r"(a), "r"(b) : "cc");
  return r;
#else
  uint32_t r = 0;
  for (int32_t i = 0; i < 32; i += 8) {
    const int8_t v = (int8_t)(a >> i), w = (int8_t)(b >> i);
    r |= (uint32_t)(uint8_t)(v > w ? v : w) << i;
  }
  return r;
#endif
}

static uint32_t largest_quad(const struct taps *t, int32_t c) {
  const int8_t *row = t->x + c;
  uint32_t most = 0x80808080u;
  for (int32_t i = t->rows; i > 0; i--, row += t->row_step) {
    const int8_t *pixel = row;
    for (int32_t j = t->columns; j > 0; j--, pixel += t->column_step) most = larger(dnnrt_load_word(pixel), most);
  }
  return most;
}

static int8_t largest(const struct taps *t, int32_t c) {
  const int8_t *row = t->x + c;
  int8_t most = INT8_MIN;
  for (int32_t i = t->rows; i > 0; i--, row += t->row_step) {
    const int8_t *pixel = row;
    for (int32_t j = t->columns; j > 0; j--, pixel += t->column_step) {
      if (*pixel > most) most = *pixel;
    }
  }
  return most;
}

static void pool(const struct taps *t, int32_t depth, int8_t *y) {
  int32_t c = 0;
  for (; c + 4 <= depth; c += 4) dnnrt_store_word(y + c, largest_quad(t, c));
  for (; c < depth; c++) y[c] = largest(t, c);
}
#else
static void pool(const struct taps *t, int32_t depth, int8_t *y) {
  const int8_t *row = t->x;
  for (int32_t c = 0; c < depth; c++) y[c] = INT8_MIN;
  for (int32_t i = t->rows; i > 0; i--, row += t->row_step) {
    const int8_t *pixel = row;
    for (int32_t j = t->columns; j > 0; j--, pixel += t->column_step) {
      for (int32_t c = 0; c < depth; c++) {
        if (pixel[c] > y[c]) y[c] = pixel[c];
      }
    }
  }
}
#endif

/* Cuts the taps outside of [0, size) off: first place that stays, and how many. */
static int32_t inside(int32_t start, int32_t taps, int32_t step, int32_t size, int32_t *count) {
  for (; taps > 0 && start < 0; taps--) start += step;
  *count = 0;
  for (int32_t at = start; *count < taps && at < size; at += step) ++*count;
  return start;
}

/* Largest value of each window; positions in the padding do not count. */
void dnnrt_max_pool2d_s8(const dnnrt_window_t *p, const int8_t *x, int8_t *y) {
  const int32_t depth = p->in_c, pitch = p->in_w * depth;
  for (int32_t n = 0; n < p->batch; n++, x += p->in_h * pitch) {
    for (int32_t oh = 0; oh < p->out_h; oh++) {
      struct taps t;
      const int32_t row = inside(oh * p->stride_h - p->pad_top, p->kernel_h, p->dilation_h, p->in_h, &t.rows);
      t.row_step = p->dilation_h * pitch;
      t.column_step = p->dilation_w * depth;
      for (int32_t ow = 0; ow < p->out_w; ow++, y += depth) {
        const int32_t column = inside(ow * p->stride_w - p->pad_left, p->kernel_w, p->dilation_w, p->in_w, &t.columns);
        t.x = x + row * pitch + column * depth;
        pool(&t, depth, y);
      }
    }
  }
}
