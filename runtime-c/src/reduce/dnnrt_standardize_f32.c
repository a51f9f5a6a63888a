#include "dnnrt.h"

/*
 * Shifts and scales each row of n elements to mean 0 and variance 1. means and deviations (inverse) may be null. x and y may
 * be the same.
 */
void dnnrt_standardize_f32(const dnnrt_standardize_t *p, const float *x, float *y, float *means, float *deviations) {
  for (uint32_t row = 0; row < p->rows; row++, x += p->n, y += p->n) {
    float sum = 0.0f, squares = 0.0f;
    for (uint32_t i = 0; i < p->n; i++) sum += x[i];
    const float mean = sum / (float)p->n;
    for (uint32_t i = 0; i < p->n; i++) squares += (x[i] - mean) * (x[i] - mean);
    const float inverse = 1.0f / dnnrt_sqrtf(squares / (float)p->n + p->epsilon);
    for (uint32_t i = 0; i < p->n; i++) y[i] = (x[i] - mean) * inverse;
    if (means) means[row] = mean;
    if (deviations) deviations[row] = inverse;
  }
}
