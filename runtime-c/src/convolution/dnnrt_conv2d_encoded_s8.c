#include "dnnrt_encoding.h"
#include "dnnrt_requantize.h"

typedef struct {
  const dnnrt_conv2d_encoded_s8_t *p;
  const dnnrt_entry_s8_t *entries;
  const uint16_t *taps;
  uint32_t n;
  uint32_t bias;    /* for sums of (x - x_zero) */
  uint32_t folded;  /* for sums of x over a whole window */
  float multiplier;
} row_t;

static void store(const row_t *r, uint32_t sum, int8_t *y) {
  const dnnrt_requantize_t *q = &r->p->requantize;
  *y = (int8_t)dnnrt_requantize((int32_t)sum, r->multiplier, q->y_zero, q->lo, q->hi);
}

/* A window that reaches over the border: the entries of the taps that lie inside. x points to the (perhaps absent) first pixel. */
static uint32_t border_sum(const row_t *r, const int8_t *x, int32_t top, int32_t left) {
  const dnnrt_window_t *g = &r->p->window;
  const int32_t x_zero = r->p->x_zero;
  uint32_t sum = r->bias;
  for (int32_t kh = 0, tap = 0; kh < g->kernel_h; kh++) {
    const int32_t row = top + kh * g->dilation_h;
    for (int32_t kw = 0; kw < g->kernel_w; kw++, tap++) {
      const int32_t column = left + kw * g->dilation_w;
      if (row < 0 || row >= g->in_h || column < 0 || column >= g->in_w) continue;
      for (uint32_t i = r->taps[tap]; i < r->taps[tap + 1]; i++)
        sum += (uint32_t)((x[r->entries[i].place] - x_zero) * r->entries[i].value);
    }
  }
  return sum;
}

/* Each entry is read once for several neighbouring pixels; as many as the registers hold. */
#ifdef __ARM_ARCH_6M__
#define PIXELS 2
static void inner_pixels(const row_t *r, const int8_t *x, uint32_t step, int8_t *y) {
  const dnnrt_entry_s8_t *end = r->entries + r->n;
  uint32_t a = r->folded, b = a;
  for (const dnnrt_entry_s8_t *entry = r->entries; entry < end; entry++) {
    const uint32_t place = entry->place;
    const int32_t value = entry->value;
    a += (uint32_t)(x[place] * value);
    b += (uint32_t)(x[place + step] * value);
  }
  store(r, a, y);
  store(r, b, y + r->p->out_c);
}
#else
#define PIXELS 4
static void inner_pixels(const row_t *r, const int8_t *x, uint32_t step, int8_t *y) {
  const dnnrt_entry_s8_t *end = r->entries + r->n;
  const int8_t *x1 = x + step, *x2 = x1 + step, *x3 = x2 + step;
  const uint32_t out_c = r->p->out_c;
  uint32_t a = r->folded, b = a, c = a, d = a;
  for (const dnnrt_entry_s8_t *entry = r->entries; entry < end; entry++) {
    const uint32_t place = entry->place;
    const int32_t value = entry->value;
    a += (uint32_t)(x[place] * value);
    b += (uint32_t)(x1[place] * value);
    c += (uint32_t)(x2[place] * value);
    d += (uint32_t)(x3[place] * value);
  }
  store(r, a, y);
  store(r, b, y + out_c);
  store(r, c, y + 2 * out_c);
  store(r, d, y + 3 * out_c);
}
#endif

static void inner_pixel(const row_t *r, const int8_t *x, int8_t *y) {
  const dnnrt_entry_s8_t *end = r->entries + r->n;
  uint32_t sum = r->folded;
  for (const dnnrt_entry_s8_t *entry = r->entries; entry < end; entry++) sum += (uint32_t)(x[entry->place] * entry->value);
  store(r, sum, y);
}

/* One output channel. */
static void channel(const row_t *r, const int8_t *x, int8_t *y) {
  const dnnrt_window_t *g = &r->p->window;
  const int32_t out_c = r->p->out_c, step = g->stride_w * g->in_c;
  const int32_t reach_h = (g->kernel_h - 1) * g->dilation_h, reach_w = (g->kernel_w - 1) * g->dilation_w;
  for (int32_t oh = 0, top = -g->pad_top; oh < g->out_h; oh++, top += g->stride_h) {
    const int32_t inside = top >= 0 && top + reach_h < g->in_h;
    for (int32_t ow = 0, left = -g->pad_left; ow < g->out_w;) {
      const int8_t *from = x + (top * g->in_w + left) * g->in_c;
      if (!inside || left < 0 || left + reach_w >= g->in_w) {
        store(r, border_sum(r, from, top, left), y);
      } else if (ow + PIXELS <= g->out_w && left + (PIXELS - 1) * g->stride_w + reach_w < g->in_w) {
        inner_pixels(r, from, (uint32_t)step, y);
        ow += PIXELS, left += PIXELS * g->stride_w, y += PIXELS * out_c;
        continue;
      } else {
        inner_pixel(r, from, y);
      }
      ow++, left += g->stride_w, y += out_c;
    }
  }
}

/*
 * Convolution with groups over encoded weights, channel by channel: each row of weights is decoded once for the whole image.
 * x [batch, in_h, in_w, in_c], y [batch, out_h, out_w, out_c]; row: room for the fullest row of weights and the starts of its taps.
 */
void dnnrt_conv2d_encoded_s8(const dnnrt_conv2d_encoded_s8_t *p, const int8_t *x, int8_t *y, void *row) {
  const dnnrt_window_t *g = &p->window;
  const uint32_t depth = g->in_c / p->groups, per_group = p->out_c / p->groups;
  dnnrt_entry_s8_t *entries = row;
  uint16_t *taps = (uint16_t *)(entries + p->weights.most);
  for (uint32_t image = 0; image < g->batch; image++) {
    dnnrt_cursor_t at = {0, 0, 0};
    for (uint32_t oc = 0; oc < p->out_c; oc++) {
      const int32_t w_zero = p->weight_zero ? p->weight_zero[oc * p->weight_zero_step] : 0;
      row_t r = {p, entries, taps, 0, p->bias ? (uint32_t)p->bias[oc] : 0, 0, 0};
      r.n = dnnrt_decode_s8(&p->weights, &at, w_zero, entries);
      dnnrt_place_taps(g, depth, r.n, &entries->place, sizeof *entries / sizeof entries->place, taps);
      r.folded = r.bias;
      for (uint32_t i = 0; i < r.n; i++) r.folded -= (uint32_t)(p->x_zero * entries[i].value);
      r.multiplier = p->requantize.multiplier[oc * p->requantize.per_channel];
      channel(&r, x + oc / per_group * depth, y + oc);
    }
    x += (uint32_t)g->in_h * g->in_w * g->in_c;
    y += (uint32_t)g->out_h * g->out_w * p->out_c;
  }
}
