/*
 * Inside the library: the walk of a convolution over its output in tiles of 4 pixels (dnnrt_gather_dsp.h). The file that includes this has
 * before: SHARES_TAILS; struct tile_args; begin_tiles, which makes one; compute_tile, which computes all channels of 1 or 4 pixels whose fields are in
 * the column; compute_tiles, which takes fields from x. Both may use the working memory `spare` behind the column.
 */
#ifndef DNNRT_CONV2D_DSP_H
#define DNNRT_CONV2D_DSP_H

#include "dnnrt_gather_dsp.h"

static void limit(int8_t *y, int32_t n, const dnnrt_requantize_t *q) {
  if (q->lo == -128 && q->hi == 127) return;
  for (int32_t i = 0; i < n; i++) y[i] = (int8_t)(y[i] < q->lo ? q->lo : y[i] > q->hi ? q->hi : y[i]);
}

/* Tiles from pixel (row, left) of the input on whose fields lie in the image, side by side; `most` at most. */
static int32_t tiles_inside(const struct fields *f, int32_t row, int32_t left, int32_t most) {
  const dnnrt_window_t *g = &f->p->window;
  if (most < 1 || !is_inside(f, row, left, PIXELS)) return 0;
  const int32_t fit = ((g->in_w - g->kernel_w - left) / g->stride_w + 1) / PIXELS, tiles = fit < most ? fit : most;
  return is_inside(f, row, left, tiles * PIXELS) ? tiles : tiles - 1;
}

/* scratch: 32 bytes a quad of the field, then what is needed most at a time: the field's quads or the patch of a tile, which are done with
   when they are in the column, and what the kernel needs of `spare`. */
static inline void dnnrt_convolve_tiles(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const int32_t out_c = p->out_c;
  struct fields f = describe_fields(p, x, SHARES_TAILS);
  uint32_t *column = (uint32_t *)scratch;
  int8_t *spare = (int8_t *)(column + 2 * PIXELS * field_quads(&f)), *const first = y;
  f.bytes = spare;
  struct tile_args args = begin_tiles(&f, column);
  int32_t row = -g->pad_top, at = -g->pad_left, ow = 0;
  for (int32_t left = (int32_t)g->out_h * g->out_w; left > 0;) {
    int32_t pixels = left < PIXELS ? 1 : PIXELS;
    const int32_t tiles = tiles_inside(&f, row, at, (g->out_w - ow) / PIXELS);
    if (tiles > 0) {
      compute_tiles(p, &args, tiles, x + row * f.pitch + at * g->in_c, f.pitch, y, spare);
      pixels = tiles * PIXELS;
      ow += pixels;
      at += pixels * g->stride_w;
    } else if (ow + PIXELS <= g->out_w && f.plain && (g->in_c & 3) != 0) {
      compute_tiles(p, &args, 1, patch_fields(&f, row, at), patch_pitch(g), y, spare);
      ow += PIXELS;
      at += PIXELS * g->stride_w;
    } else {
      for (int32_t i = 0; i < pixels; i++) {
        if (ow == g->out_w) {
          ow = 0;
          at = -g->pad_left;
          row += g->stride_h;
        }
        widen_field(&f, row, at, column + i);
        ow++;
        at += g->stride_w;
      }
      compute_tile(p, &args, pixels, y, spare);
    }
    if (ow == g->out_w) {
      ow = 0;
      at = -g->pad_left;
      row += g->stride_h;
    }
    y += pixels * out_c;
    left -= pixels;
  }
  limit(first, (int32_t)(y - first), &p->requantize);
}

#endif
