/* The entry points. */
#include "engine.h"

extern char __heap_base;

__attribute__((export_name("heap_base"))) uint32_t heap_base(void) { return (uint32_t)&__heap_base; }

/* Runs one step, words[0] = operation, on `samples` samples. */
__attribute__((export_name("run"))) void run(const word *words, int32_t samples) {
  const word *a = words + 1;
  switch ((enum operation)words[0]) {
    case OP_CONV: run_conv(a, samples); break;
    case OP_DENSE: run_dense(a, samples); break;
    case OP_MAX_POOL: run_max_pool(a, samples); break;
    case OP_AVERAGE_POOL: run_average_pool(a, samples); break;
    case OP_MEAN: run_mean(a, samples); break;
    case OP_ADD: run_add(a, samples); break;
    case OP_MUL: run_mul(a, samples); break;
    case OP_TABLE: run_table(a, samples); break;
    case OP_QUANTIZE: run_quantize(a, samples); break;
    case OP_DEQUANTIZE: run_dequantize(a, samples); break;
    case OP_SOFTMAX: run_softmax(a, samples); break;
  }
}
