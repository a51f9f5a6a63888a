/* Inside the library: what the kernels for cores with the DSP extension and an FPU share, with a portable form for other machines. */
#ifndef DNNRT_DSP_H
#define DNNRT_DSP_H

#include "dnnrt_requantize.h"

#include <string.h>

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
#define DNNRT_DSP 1
#else
#define DNNRT_DSP 0
#endif

#endif
