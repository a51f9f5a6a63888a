#include "dnnrt_sum_entries.h"

typedef struct {
  const dnnrt_conv2d_encoded_f32_t *p;
  const dnnrt_entry_f32_t *entries;
  const uint16_t *taps;
  uint32_t n;
  float bias;
} row_t;

static void store(const row_t *r, float v, float *y) {
  v += r->bias;
  *y = v < r->p->lo ? r->p->lo : v > r->p->hi ? r->p->hi : v;
}

/* A window that reaches over the border: the entries of the taps that lie inside. x points to the (perhaps absent) first pixel. */
static float border_sum(const row_t *r, const float *x, int32_t top, int32_t left) {
  const dnnrt_window_t *g = &r->p->window;
  float sum = 0.0f;
  for (int32_t kh = 0, tap = 0; kh < g->kernel_h; kh++) {
    const int32_t row = top + kh * g->dilation_h;
    for (int32_t kw = 0; kw < g->kernel_w; kw++, tap++) {
      const int32_t column = left + kw * g->dilation_w;
      if (row < 0 || row >= g->in_h || column < 0 || column >= g->in_w) continue;
      for (uint32_t i = r->taps[tap]; i < r->taps[tap + 1]; i++) sum += x[r->entries[i].place] * r->entries[i].value;
    }
  }
  return sum;
}

/* As many whole windows of one row as `count` says. */
static void inner_run(const row_t *r, const float *x, uint32_t step, uint32_t count, float *y) {
  float sums[DNNRT_RUN];
  for (uint32_t i = 0; i < count; i++) sums[i] = 0.0f;
  dnnrt_sum_entries_f32(r->entries, r->entries + r->n, x, step, sums, count);
  for (uint32_t i = 0; i < count; i++, y += r->p->out_c) store(r, sums[i], y);
}

static void inner_pixel(const row_t *r, const float *x, float *y) {
  const dnnrt_entry_f32_t *end = r->entries + r->n;
  float sum = 0.0f;
  for (const dnnrt_entry_f32_t *entry = r->entries; entry < end; entry++) sum += x[entry->place] * entry->value;
  store(r, sum, y);
}

/* One output channel. */
static void channel(const row_t *r, const float *x, float *y) {
  const dnnrt_window_t *g = &r->p->window;
  const int32_t out_c = r->p->out_c, step = g->stride_w * g->in_c;
  const int32_t reach_h = (g->kernel_h - 1) * g->dilation_h, reach_w = (g->kernel_w - 1) * g->dilation_w;
  for (int32_t oh = 0, top = -g->pad_top; oh < g->out_h; oh++, top += g->stride_h) {
    const int32_t inside = top >= 0 && top + reach_h < g->in_h;
    for (int32_t ow = 0, left = -g->pad_left, done; ow < g->out_w; ow += done, left += done * g->stride_w, y += done * out_c) {
      const float *from = x + (top * g->in_w + left) * g->in_c;
      done = 1;
      if (!inside || left < 0 || left + reach_w >= g->in_w) {
        store(r, border_sum(r, from, top, left), y);
        continue;
      }
      const int32_t whole = (g->in_w - 1 - reach_w - left) / g->stride_w + 1, rest = g->out_w - ow;
      const int32_t run = whole < rest ? whole : rest;
      if (run < 4) {
        inner_pixel(r, from, y);
        continue;
      }
      done = run < DNNRT_RUN ? run - run % 4 : DNNRT_RUN;
      inner_run(r, from, (uint32_t)step, (uint32_t)done, y);
    }
  }
}

/*
 * Convolution with groups over encoded weights, channel by channel: each row of weights is decoded once for the whole image.
 * x [batch, in_h, in_w, in_c], y [batch, out_h, out_w, out_c]; row: room for the fullest row of weights and the starts of its taps.
 */
void dnnrt_conv2d_encoded_f32(const dnnrt_conv2d_encoded_f32_t *p, const float *x, float *y, void *row) {
  const dnnrt_window_t *g = &p->window;
  const uint32_t depth = g->in_c / p->groups, per_group = p->out_c / p->groups;
  dnnrt_entry_f32_t *entries = row;
  uint16_t *taps = (uint16_t *)(entries + p->weights.most);
  for (uint32_t image = 0; image < g->batch; image++) {
    dnnrt_cursor_t at = {0, 0, 0};
    for (uint32_t oc = 0; oc < p->out_c; oc++) {
      row_t r = {p, entries, taps, dnnrt_decode_f32(&p->weights, &at, entries), 0.0f};
      dnnrt_place_taps(g, depth, r.n, &entries->place, sizeof *entries / sizeof entries->place, taps);
      if (p->bias) r.bias = p->bias[oc];
      channel(&r, x + oc / per_group * depth, y + oc);
    }
    x += (uint32_t)g->in_h * g->in_w * g->in_c;
    y += (uint32_t)g->out_h * g->out_w * p->out_c;
  }
}
