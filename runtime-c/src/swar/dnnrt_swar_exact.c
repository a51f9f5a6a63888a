#include "dnnrt_requantize.h"
#include "dnnrt_swar.h"

int32_t dnnrt_swar_exact(const dnnrt_swar_pixel_t *p, const int8_t *y, int32_t sum) {
  const dnnrt_requantize_t *q = p->requantize;
  return dnnrt_requantize(sum, p->multiplier[(y - p->y) * q->per_channel], q->y_zero, -128, 127);
}
