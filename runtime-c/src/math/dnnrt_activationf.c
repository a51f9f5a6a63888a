#include "dnnrt.h"

/* The activations of recurrent layers: f is the code, alpha and beta. */
float dnnrt_activationf(const float f[3], float x) {
  switch ((int32_t)f[0]) {
    case DNNRT_ACTIVATION_RELU:
      return x < 0.0f ? 0.0f : x;
    case DNNRT_ACTIVATION_TANH:
      return dnnrt_tanhf(x);
    case DNNRT_ACTIVATION_SIGMOID:
      return dnnrt_sigmoidf(x);
    case DNNRT_ACTIVATION_AFFINE:
      return f[1] * x + f[2];
    case DNNRT_ACTIVATION_LEAKY_RELU:
      return x < 0.0f ? f[1] * x : x;
    case DNNRT_ACTIVATION_THRESHOLDED_RELU:
      return x > f[1] ? x : 0.0f;
    case DNNRT_ACTIVATION_SCALED_TANH:
      return f[1] * dnnrt_tanhf(f[2] * x);
    case DNNRT_ACTIVATION_HARD_SIGMOID: {
      const float v = f[1] * x + f[2];
      return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v;
    }
    case DNNRT_ACTIVATION_ELU:
      return x < 0.0f ? f[1] * dnnrt_expm1f(x) : x;
    case DNNRT_ACTIVATION_SOFTSIGN:
      return x / (1.0f + (x < 0.0f ? -x : x));
    case DNNRT_ACTIVATION_SOFTPLUS:
      return dnnrt_softplusf(x);
    default:
      return x;
  }
}
