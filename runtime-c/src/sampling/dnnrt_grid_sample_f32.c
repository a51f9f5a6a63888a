#include "dnnrt.h"

#define MOST_TAPS 4

/* v thrown back from lo and hi until it lies between them. */
static float reflected(float v, float lo, float hi) {
  const float range = hi - lo;
  if (!(range > 0.0f) || v != v) return lo;
  if (v >= lo && v <= hi) return v;
  float beyond = dnnrt_fmodf(v < lo ? lo - v : v - hi, 2.0f * range);
  if (beyond != beyond) return lo;
  if (beyond > range) beyond = 2.0f * range - beyond;
  return v < lo ? lo + beyond : hi - beyond;
}

/* Weights of four taps by cubic convolution, a = -0.75, at distance t behind the second. */
static float cubic_near(float d) { return (1.25f * d - 2.25f) * d * d + 1.0f; }
static float cubic_far(float d) { return ((-0.75f * d + 3.75f) * d - 6.0f) * d + 3.0f; }

/* Places and weights along an axis of `size` elements for coordinate n; place -1: outside. Returns how many. */
static int32_t taps_at(const dnnrt_grid_sample_t *p, float n, int32_t size, int32_t *places, float *weights) {
  const float lo = p->align ? 0.0f : -0.5f, hi = p->align ? (float)(size - 1) : (float)size - 0.5f;
  float v = p->align ? (n + 1.0f) / 2.0f * (float)(size - 1) : ((n + 1.0f) * (float)size - 1.0f) / 2.0f;
  if (p->mode == DNNRT_SAMPLE_NEAREST) v = dnnrt_roundf(v);
  if (p->padding == DNNRT_PADDING_ZEROS && !(v > -3.0f && v < (float)size + 2.0f)) return 0;
  if (p->padding == DNNRT_PADDING_BORDER && !(v >= lo && v <= hi)) v = v > 0.0f ? (float)(size - 1) : 0.0f;
  if (p->padding == DNNRT_PADDING_REFLECTION) v = reflected(v, lo, hi);
  const float whole = dnnrt_floorf(v), t = v - whole;
  int32_t first = (int32_t)whole, count = 1;
  weights[0] = 1.0f;
  if (p->mode == DNNRT_SAMPLE_LINEAR) {
    count = 2;
    weights[0] = 1.0f - t;
    weights[1] = t;
  } else if (p->mode == DNNRT_SAMPLE_CUBIC) {
    count = 4;
    first--;
    weights[0] = cubic_far(t + 1.0f);
    weights[1] = cubic_near(t);
    weights[2] = cubic_near(1.0f - t);
    weights[3] = cubic_far(2.0f - t);
  }
  for (int32_t i = 0; i < count; i++) {
    int32_t place = first + i;
    if (p->padding == DNNRT_PADDING_BORDER) place = place < 0 ? 0 : place >= size ? size - 1 : place;
    else if (p->padding == DNNRT_PADDING_REFLECTION) place = (int32_t)reflected((float)place, lo, hi);
    places[i] = place < 0 || place >= size ? -1 : place;
  }
  return count;
}

/* y[batch][channel][point] = x[batch][channel] at grid[batch][point][last axis first], over 3 axes of which the first may have size 1. */
void dnnrt_grid_sample_f32(const dnnrt_grid_sample_t *p, const float *x, const float *grid, float *y) {
  const int32_t *size = p->size, plane = size[0] * size[1] * size[2];
  int32_t places[3][MOST_TAPS] = {{0}}, count[3] = {1, 1, 1};
  float weights[3][MOST_TAPS] = {{1.0f}};
  for (uint32_t n = 0; n < p->batch; n++, x += (int32_t)p->channels * plane, y += p->channels * p->points) {
    for (uint32_t at = 0; at < p->points; at++, grid += p->axes) {
      for (int32_t axis = 3 - p->axes; axis < 3; axis++) count[axis] = taps_at(p, grid[2 - axis], size[axis], places[axis], weights[axis]);
      for (uint32_t c = 0; c < p->channels; c++) {
        const float *image = x + (int32_t)c * plane;
        float sum = 0.0f;
        for (int32_t i = 0; i < count[0]; i++) {
          if (places[0][i] < 0) continue;
          for (int32_t j = 0; j < count[1]; j++) {
            if (places[1][j] < 0) continue;
            const float *line = image + (places[0][i] * size[1] + places[1][j]) * size[2];
            const float weight = weights[0][i] * weights[1][j];
            for (int32_t k = 0; k < count[2]; k++) {
              if (places[2][k] >= 0) sum += weight * weights[2][k] * line[places[2][k]];
            }
          }
        }
        y[c * p->points + at] = sum;
      }
    }
  }
}
