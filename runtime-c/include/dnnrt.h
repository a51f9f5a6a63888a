/*
 * dnnrt: the C99 library that generated networks call. No malloc, no globals, no libc beyond memcpy and memset.
 *
 * Tensors are dense; images are NHWC, convolution weights OHWI (output channel, row, column, input channel), depthwise
 * weights HWC, fully connected weights [output][input]. Quantized values q mean (q - zero) * scale and are stored as int8;
 * networks with uint8 values are stored shifted by 128, which changes no result. One function per file, named after it.
 */
#ifndef DNNRT_H
#define DNNRT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DNNRT_MAX_RANK 6

/* Geometry of a sliding window over an NHWC image; sizes and steps in pixels. */
typedef struct {
  uint16_t batch;
  uint16_t in_h, in_w, in_c;
  uint16_t out_h, out_w;
  uint16_t kernel_h, kernel_w;
  uint16_t stride_h, stride_w;
  uint16_t dilation_h, dilation_w;
  int16_t pad_top, pad_left;
} dnnrt_window_t;

/* How int32 sums become int8: round(sum * multiplier) + y_zero, limited to [lo, hi]. */
typedef struct {
  const float *multiplier; /* per output channel, or one when per_channel is 0 */
  uint16_t per_channel;    /* 0 or 1 */
  int16_t y_zero;          /* -128..127 */
  int16_t lo, hi;          /* -128..127 */
} dnnrt_requantize_t;

typedef struct {
  dnnrt_window_t window;
  uint16_t out_c, groups;
  int16_t x_zero;              /* -128..127 */
  uint16_t weight_zero_step;   /* 0: one weight_zero for all channels, 1: one for each */
  const int8_t *weight_zero;   /* null: all zero */
  const int8_t *weights;       /* [out_c][kernel_h][kernel_w][in_c / groups] */
  const int32_t *bias;         /* [out_c], or null */
  dnnrt_requantize_t requantize;
} dnnrt_conv2d_s8_t;

typedef struct {
  uint32_t rows, in_n, out_n;
  int16_t x_zero;
  uint16_t weight_zero_step;
  const int8_t *weight_zero;
  const int8_t *weights; /* [out_n][in_n] */
  const int32_t *bias;   /* [out_n], or null */
  dnnrt_requantize_t requantize;
} dnnrt_fc_s8_t;

/* Mean of each window over dequantized values. Values uint8 in the model have shift 128 (stored = value - shift), else 0. */
typedef struct {
  dnnrt_window_t window;
  int16_t x_zero;             /* of the stored values */
  int16_t y_zero, y_shift;    /* y_zero of the values before the shift */
  uint16_t count_include_pad; /* 0 or 1 */
  float x_scale, y_scale;
} dnnrt_average_pool2d_s8_t;

/* Mean over n: element (o, i, k) of x is at (o * n + i) * inner + k, y is [outer, inner]. */
typedef struct {
  uint32_t outer, n, inner;
  float multiplier; /* x scale / (y scale * n) */
  int16_t x_zero, y_zero;
} dnnrt_mean_s8_t;

/* y = round(fma(a + a_shift, a_ratio, fma(b + b_shift, b_ratio, fixed))) within [lo, hi], less y_shift. */
typedef struct {
  uint32_t n;
  float a_ratio, b_ratio, fixed;
  int16_t a_shift, b_shift, y_shift;
  int16_t lo, hi;
} dnnrt_add_s8_t;

/* y = round((a - a_zero) * (b - b_zero) * ratio + y_zero) within [lo, hi], less y_shift. */
typedef struct {
  uint32_t n;
  float ratio;
  int16_t a_zero, b_zero, y_zero, y_shift;
  int16_t lo, hi;
} dnnrt_mul_s8_t;

/* Softmax over n with exponentials from a table of 256 floats, indexed by x - max + 255. */
typedef struct {
  uint32_t outer, n, inner;
  const float *table;
  float inverse; /* floor(1 / y scale) */
  int16_t y_zero;
} dnnrt_softmax_s8_t;

typedef struct {
  uint32_t n;
  float scale;
  int16_t zero;
  int16_t lo, hi;
} dnnrt_affine_s8_t;

typedef struct {
  dnnrt_window_t window;
  uint16_t out_c, groups;
  const float *weights; /* [out_c][kernel_h][kernel_w][in_c / groups] */
  const float *bias;    /* [out_c], or null */
  float lo, hi;
} dnnrt_conv2d_f32_t;

typedef struct {
  uint32_t rows, in_n, out_n;
  const float *weights; /* [out_n][in_n] */
  const float *bias;    /* [out_n], or null */
  float lo, hi;
} dnnrt_fc_f32_t;

typedef struct {
  dnnrt_window_t window;
  uint16_t count_include_pad;
} dnnrt_average_pool2d_f32_t;

/* Copies rank-dimensional blocks: element i of the result is at the sum of i[d] * y_stride[d], of x at x_stride[d]. */
typedef struct {
  uint16_t rank; /* 1..DNNRT_MAX_RANK */
  uint32_t shape[DNNRT_MAX_RANK];
  int32_t x_stride[DNNRT_MAX_RANK]; /* in elements */
  int32_t y_stride[DNNRT_MAX_RANK];
  int32_t x_offset, y_offset;
} dnnrt_copy_t;

/* Operands broadcast by strides of 0; the result is dense in the order of shape. */
typedef struct {
  uint16_t rank;
  uint32_t shape[DNNRT_MAX_RANK];
  int32_t a_stride[DNNRT_MAX_RANK];
  int32_t b_stride[DNNRT_MAX_RANK];
} dnnrt_broadcast_t;

typedef struct {
  uint32_t outer, n, inner; /* softmax over n; element (o, i, k) is at (o * n + i) * inner + k */
} dnnrt_softmax_f32_t;

/* round-half-even(acc * multiplier) + zero, limited to [lo, hi]; |lo - zero|, |hi - zero| <= 511. */
int32_t dnnrt_requantize_integer(int32_t acc, float multiplier, int32_t zero, int32_t lo, int32_t hi);

/* Natural exponential in float32; the same bits on every target. */
float dnnrt_expf(float x);

void dnnrt_conv2d_s8(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_depthwise2d_s8(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_fc_s8(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_max_pool2d_s8(const dnnrt_window_t *p, const int8_t *x, int8_t *y);
void dnnrt_average_pool2d_s8(const dnnrt_average_pool2d_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_mean_s8(const dnnrt_mean_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_softmax_s8(const dnnrt_softmax_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_add_s8(const dnnrt_add_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y);
void dnnrt_mul_s8(const dnnrt_mul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y);
void dnnrt_lut_s8(uint32_t n, const int8_t *table, const int8_t *x, int8_t *y);
void dnnrt_clamp_s8(const dnnrt_affine_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_quantize_f32_s8(const dnnrt_affine_s8_t *p, const float *x, int8_t *y);
void dnnrt_dequantize_s8_f32(const dnnrt_affine_s8_t *p, const int8_t *x, float *y);
void dnnrt_flip_sign_8(uint32_t n, const uint8_t *x, uint8_t *y);

void dnnrt_conv2d_f32(const dnnrt_conv2d_f32_t *p, const float *x, float *y);
void dnnrt_depthwise2d_f32(const dnnrt_conv2d_f32_t *p, const float *x, float *y);
void dnnrt_fc_f32(const dnnrt_fc_f32_t *p, const float *x, float *y);
void dnnrt_max_pool2d_f32(const dnnrt_window_t *p, const float *x, float *y);
void dnnrt_average_pool2d_f32(const dnnrt_average_pool2d_f32_t *p, const float *x, float *y);
void dnnrt_clamp_f32(uint32_t n, float lo, float hi, const float *x, float *y);
void dnnrt_add_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_sub_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_mul_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_div_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_max_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_min_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_softmax_f32(const dnnrt_softmax_f32_t *p, const float *x, float *y);

void dnnrt_copy_8(const dnnrt_copy_t *p, const void *x, void *y);
void dnnrt_copy_16(const dnnrt_copy_t *p, const void *x, void *y);
void dnnrt_copy_32(const dnnrt_copy_t *p, const void *x, void *y);
void dnnrt_copy_64(const dnnrt_copy_t *p, const void *x, void *y);

#ifdef __cplusplus
}
#endif

#endif
