#include "dnnrt.h"

/* The elements of an image around (y, x) times their weights; 0 for those outside. */
void dnnrt_bilinear_f32(const float *image, int32_t height, int32_t width, float y, float x, float *values) {
  values[0] = values[1] = values[2] = values[3] = 0.0f;
  if (!(y > -1.0f && y < (float)height && x > -1.0f && x < (float)width)) return;
  const float floor_y = dnnrt_floorf(y), floor_x = dnnrt_floorf(x), dy = y - floor_y, dx = x - floor_x;
  const int32_t top = (int32_t)floor_y, left = (int32_t)floor_x;
  const float *at = image + top * width + left;
  const int above = top >= 0, below = top + 1 < height, before = left >= 0, behind = left + 1 < width;
  if (above && before) values[0] = (1.0f - dy) * (1.0f - dx) * at[0];
  if (above && behind) values[1] = (1.0f - dy) * dx * at[1];
  if (below && before) values[2] = dy * (1.0f - dx) * at[width];
  if (below && behind) values[3] = dy * dx * at[width + 1];
}
