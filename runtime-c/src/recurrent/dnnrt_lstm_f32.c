#include "dnnrt.h"

#include <string.h>

/*
 * LSTM over whole sequences, both directions. x [steps, batch, in_n] and y (null: not wanted) [steps, directions, batch, hidden] by
 * strides; h and c [directions, batch, hidden] hold the initial state and end as the final one; lengths (null: all steps) per
 * sequence; s is working memory of 4 * hidden floats.
 */
void dnnrt_lstm_f32(const dnnrt_recurrent_t *p, const float *x, const float *w, const float *r, const float *bias, const float *peephole, const int32_t *lengths, float *y, float *h, float *c, float *s) {
  const dnnrt_recurrent_weights_t weights = {w, r, bias, peephole};
  for (uint32_t direction = 0; direction < p->directions; direction++) {
    const int reverse = p->first_reverse || direction == 1;
    for (uint32_t b = 0; b < p->batch; b++, h += p->hidden, c += p->hidden) {
      const uint32_t steps = lengths ? (uint32_t)lengths[b] : p->steps;
      for (uint32_t step = 0; step < p->steps; step++) {
        const uint32_t t = reverse && step < steps ? steps - 1 - step : step;
        float *target = y ? y + t * p->y_step + direction * p->y_direction + b * p->y_batch : 0;
        if (step < steps) dnnrt_lstm_step_f32(p, &weights, x + t * p->x_step + b * p->x_batch, h, c, s, direction);
        if (!target) continue;
        if (step < steps) memcpy(target, h, p->hidden * sizeof *h);
        else memset(target, 0, p->hidden * sizeof *h);
      }
    }
  }
}
