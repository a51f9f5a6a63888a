/*
 * A neural network as C99. Tensors are in row-major order with the axes of the model (images NCHW).
 * in0: float32 [1, 2, 3, 3], 18 elements
 * out0: float32 [1, 2], 2 elements
 * tiny.map.json gives the names that layers, inputs and outputs have in the model.
 */
#ifndef TINY_H
#define TINY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TINY_ARENA_BYTES 144

/* Places of the inputs and outputs in the static memory of the network. */
typedef struct {
  float *in0; /* 18 */
  float *out0; /* 2 */
} tiny_io_t;

/* Call once. io may be null; else it receives the places, for use without copies. */
void tiny_setup(tiny_io_t *io);

/*
 * One inference. Inputs are copied into their places unless they are there already (the same address, or null), outputs
 * out of theirs likewise. Input places are overwritten during the inference.
 */
void tiny_infer(const float *x_in0, float *y_out0);

#ifdef __cplusplus
}
#endif

#endif
