#include "dnnrt_element.h"

/* Part of a region along one axis: start, length of a bin, points in a bin. */
struct axis {
  float start, bin;
  int32_t points;
};

static struct axis axis_of(const dnnrt_roi_align_t *p, float from, float to, uint32_t bins) {
  const float offset = p->half_pixel ? 0.5f : 0.0f, start = from * p->scale - offset;
  float length = to * p->scale - offset - start;
  if (!p->half_pixel && !(length > 1.0f)) length = 1.0f;
  const float bin = length / (float)bins, whole = dnnrt_ceilf(bin);
  return (struct axis){start, bin, p->sampling > 0 ? p->sampling : whole > 0.0f && whole < 65536.0f ? (int32_t)whole : 0};
}

static float inside(float v, uint32_t size) {
  return v < 0.0f ? 0.0f : v > (float)(size - 1) ? (float)(size - 1) : v;
}

static float bin_of(const dnnrt_roi_align_t *p, const float *image, const struct axis *rows, const struct axis *columns, float row, float column) {
  float sum = 0.0f, most = -INFINITY, values[4];
  for (int32_t i = 0; i < rows->points; i++) {
    for (int32_t j = 0; j < columns->points; j++) {
      const float y = rows->start + (row + ((float)i + 0.5f) / (float)rows->points) * rows->bin;
      const float x = columns->start + (column + ((float)j + 0.5f) / (float)columns->points) * columns->bin;
      values[0] = values[1] = values[2] = values[3] = 0.0f;
      if (y >= -1.0f && y <= (float)p->in_h && x >= -1.0f && x <= (float)p->in_w) {
        dnnrt_bilinear_f32(image, (int32_t)p->in_h, (int32_t)p->in_w, inside(y, p->in_h), inside(x, p->in_w), values);
      }
      for (int32_t k = 0; k < 4; k++) {
        sum += values[k];
        if (values[k] > most) most = values[k];
      }
    }
  }
  const int32_t count = rows->points * columns->points;
  return count == 0 ? 0.0f : p->maximum ? most : sum / (float)count;
}

/* Regions [x1, y1, x2, y2] of images in bins; y = [regions][channels][out_h][out_w]. An index of no image gives zeros. */
void dnnrt_roi_align_f32(const dnnrt_roi_align_t *p, const float *x, const float *regions, const void *indices, float *y) {
  for (uint32_t r = 0; r < p->regions; r++, regions += 4) {
    const int32_t image = dnnrt_index(dnnrt_load(indices, p->index_type, (int32_t)r), p->batch);
    const struct axis columns = axis_of(p, regions[0], regions[2], p->out_w), rows = axis_of(p, regions[1], regions[3], p->out_h);
    for (uint32_t c = 0; c < p->channels; c++) {
      const float *plane = x + (image < 0 ? 0 : ((uint32_t)image * p->channels + c) * p->in_h * p->in_w);
      for (uint32_t i = 0; i < p->out_h; i++) {
        for (uint32_t j = 0; j < p->out_w; j++) *y++ = image < 0 ? 0.0f : bin_of(p, plane, &rows, &columns, (float)i, (float)j);
      }
    }
  }
}
