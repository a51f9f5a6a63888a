/* Dispatch: the program is data, so the host makes one call for a whole training step. */
#include "engine.h"

typedef void (*kernel)(const env_t *, const word *);

static const kernel KERNELS[] = {
#define KERNEL(name) k_##name,
#include "kernels.def"
#undef KERNEL
};

void engine_run(const env_t *e, const word *words, int32_t count) {
  for (int32_t at = 0; at < count;) {
    KERNELS[words[at]](e, words + at + 2);
    at += 2 + words[at + 1];
  }
}
