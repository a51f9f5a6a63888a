#include "dnnrt.h"

/* For one core: the task runs at once. A program that uses a second one defines this function and dnnrt_join itself. */
__attribute__((weak)) void dnnrt_fork(void (*task)(void)) { task(); }
