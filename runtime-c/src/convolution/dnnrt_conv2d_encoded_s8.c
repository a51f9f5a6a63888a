#include "dnnrt_requantize_channel.h"
#include "dnnrt_sum_entries.h"

typedef struct {
  const dnnrt_conv2d_encoded_s8_t *p;
  const dnnrt_entry_s8_t *entries;
  const uint16_t *taps;
  uint32_t n;
  uint32_t bias;    /* for sums of (x - x_zero) */
  uint32_t folded;  /* for sums of x over a whole window */
  dnnrt_channel_t channel;
} row_t;

static void store(const row_t *r, uint32_t sum, int8_t *y) {
  const dnnrt_requantize_t *q = &r->p->requantize;
  *y = (int8_t)dnnrt_requantize_by(&r->channel, (int32_t)sum, q->y_zero, q->lo, q->hi);
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

/* As many whole windows of one row as `count` says. */
static void inner_run(const row_t *r, const int8_t *x, uint32_t step, uint32_t count, int8_t *y) {
  uint32_t sums[DNNRT_RUN];
  for (uint32_t i = 0; i < count; i++) sums[i] = r->folded;
  dnnrt_sum_entries_s8(r->entries, r->entries + r->n, x, step, sums, count);
  const dnnrt_requantize_t *q = &r->p->requantize;
  const dnnrt_channel_t by = r->channel;
  const int32_t zero = q->y_zero, lo = q->lo, hi = q->hi, out_c = r->p->out_c;
  for (uint32_t i = 0; i < count; i++, y += out_c) *y = (int8_t)dnnrt_requantize_by(&by, (int32_t)sums[i], zero, lo, hi);
}

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
    for (int32_t ow = 0, left = -g->pad_left, done; ow < g->out_w; ow += done, left += done * g->stride_w, y += done * out_c) {
      const int8_t *from = x + (top * g->in_w + left) * g->in_c;
      done = 1;
      if (!inside || left < 0 || left + reach_w >= g->in_w) {
        store(r, border_sum(r, from, top, left), y);
        continue;
      }
      const int32_t whole = (g->in_w - 1 - reach_w - left) / g->stride_w + 1, rest = g->out_w - ow;
      const int32_t run = whole < rest ? whole : rest;
      if (run < DNNRT_PIXELS) {
        inner_pixel(r, from, y);
        continue;
      }
      done = run < DNNRT_RUN ? run - run % DNNRT_PIXELS : DNNRT_RUN;
      inner_run(r, from, (uint32_t)step, (uint32_t)done, y);
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
      row_t r = {p, entries, taps, 0, p->bias ? (uint32_t)p->bias[oc] : 0, 0,
                 dnnrt_channel(p->requantize.multiplier[oc * p->requantize.per_channel])};
      r.n = dnnrt_decode_s8(&p->weights, &at, w_zero, entries);
      dnnrt_place_taps(g, depth, r.n, &entries->place, sizeof *entries / sizeof entries->place, taps);
      r.folded = r.bias;
      for (uint32_t i = 0; i < r.n; i++) r.folded -= (uint32_t)(p->x_zero * entries[i].value);
      channel(&r, x + oc / per_group * depth, y + oc);
    }
    x += (uint32_t)g->in_h * g->in_w * g->in_c;
    y += (uint32_t)g->out_h * g->out_w * p->out_c;
  }
}
