/* Constants of the network. */
#include <math.h>
#include <stdint.h>

static const float l0_w[16] = {
  -2.0f, 2.0f, -1.0f, -2.0f, 0.0f, -1.0f, 1.0f, 0.0f, 1.0f, 0.0f, 2.0f, 1.0f, -2.0f, 2.0f, -1.0f, -2.0f,
};

static const float l0_b[2] = {
  0.5f, -0.25f,
};

static const float l2_w[16] = {
  -2.0f, 1.0f, 0.0f, -2.0f, 2.0f, 0.0f, -1.0f, 2.0f, -1.0f, 2.0f, 1.0f, -1.0f, -2.0f, 1.0f, 0.0f, -2.0f,
};
