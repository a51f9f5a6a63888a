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

/* Before functions whose loops a program may want in RAM: a section that its start copies there. */
#ifndef DNNRT_HOT
#define DNNRT_HOT
#endif

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

/* Element types of operators that take any integer type. */
enum { DNNRT_I8, DNNRT_U8, DNNRT_I16, DNNRT_U16, DNNRT_I32, DNNRT_U32, DNNRT_I64, DNNRT_U64, DNNRT_F32, DNNRT_BOOL, DNNRT_F64 };

enum {
  DNNRT_ADD, DNNRT_SUB, DNNRT_MUL, DNNRT_DIV, DNNRT_MOD, DNNRT_FMOD, DNNRT_MAX, DNNRT_MIN, DNNRT_POW,
  DNNRT_BITWISE_AND, DNNRT_BITWISE_OR, DNNRT_BITWISE_XOR, DNNRT_SHIFT_LEFT, DNNRT_SHIFT_RIGHT, DNNRT_AND, DNNRT_OR, DNNRT_XOR,
  DNNRT_EQUAL, DNNRT_GREATER, DNNRT_GREATER_OR_EQUAL, DNNRT_LESS, DNNRT_LESS_OR_EQUAL
};

enum { DNNRT_ABS, DNNRT_NEG, DNNRT_SIGN, DNNRT_RELU, DNNRT_BITWISE_NOT, DNNRT_NOT };

enum {
  DNNRT_REDUCE_L1, DNNRT_REDUCE_MAX, DNNRT_REDUCE_MEAN, DNNRT_REDUCE_MIN, DNNRT_REDUCE_PROD, DNNRT_REDUCE_SUM,
  DNNRT_REDUCE_SUM_SQUARE
};

enum { DNNRT_SCATTER_NONE, DNNRT_SCATTER_ADD, DNNRT_SCATTER_MUL, DNNRT_SCATTER_MAX, DNNRT_SCATTER_MIN };

enum {
  DNNRT_ACTIVATION_RELU, DNNRT_ACTIVATION_TANH, DNNRT_ACTIVATION_SIGMOID, DNNRT_ACTIVATION_AFFINE,
  DNNRT_ACTIVATION_LEAKY_RELU, DNNRT_ACTIVATION_THRESHOLDED_RELU, DNNRT_ACTIVATION_SCALED_TANH,
  DNNRT_ACTIVATION_HARD_SIGMOID, DNNRT_ACTIVATION_ELU, DNNRT_ACTIVATION_SOFTSIGN, DNNRT_ACTIVATION_SOFTPLUS
};

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
  const void *weights;         /* int8 [out_c][kernel_h][kernel_w][in_c / groups]; kernels of one core: in an order of their own */
  const int32_t *bias;         /* [out_c], or null */
  dnnrt_requantize_t requantize;
} dnnrt_conv2d_s8_t;

typedef struct {
  uint32_t rows, in_n, out_n;
  int16_t x_zero;
  uint16_t weight_zero_step;
  const int8_t *weight_zero;
  const void *weights;   /* int8 [out_n][in_n]; kernels of one core: in an order of their own */
  const int32_t *bias;   /* [out_n], or null */
  dnnrt_requantize_t requantize;
} dnnrt_fc_s8_t;

/*
 * Convolution without groups for cores without SIMD; chunk: channels whose weights are unpacked at a time. Weights of 8 bits: bytes [channel
 * pairs][quads][2 channels][v2, v3, v0, v1]; table: per pair mode, start of both sums, with field_sum what a pixel's sum of inputs counts in
 * both, factor and shift of each. Weights of 4 bits:
 * nibbles w + 8 [4 channels][quads][channel pairs], those of a pair a, b in the order a2 a3 b2 b3 a0 a1 b0 b1; table: per four starts,
 * factor and shift of each; run: quads that may be summed in half a word. strips: 1 when weights are ordered by kernel columns first, each column
 * in whole quads, which needs columns without dilation; else 0. Pairs of pixels with weights of 4 bits: nibbles w + 8, per channel and two
 * places of a kernel column three bytes, one for each column; run: twos of places.
 */
typedef struct {
  dnnrt_window_t window;
  uint16_t out_c, chunk, run, strips;
  int16_t x_zero;
  uint16_t field_sum;
  uint16_t y_step;         /* from pixel to pixel of y, at least out_c */
  const int32_t *weights;
  const int32_t *table;
  dnnrt_requantize_t requantize;
} dnnrt_conv2d_swar_t;

/*
 * 3x3 depthwise convolution for cores without SIMD. weights: int8 [out_c][kernel column][kernel row]; table: per channel start of the sum, factor
 * and shift (256 added where a kernel column does not fit half a word). Kernels of any size: weights along the longer side of the kernel, int8 [out_c]
 * [passes][shorter side][longer side], whose passes add up to the weight; 256 * passes is added to the shift.
 */
typedef struct {
  dnnrt_window_t window;
  int16_t x_zero;
  uint16_t channels;       /* that are computed, of window.in_c */
  const int8_t *weights;
  const int32_t *table;
  dnnrt_requantize_t requantize;
} dnnrt_depthwise2d_swar_t;

/*
 * Fully connected layer for cores without SIMD. weights: bytes w + 128, [blocks of 4 outputs][quads of inputs, an even number][4 outputs][v2, v3, v0,
 * v1]; table: factor and shift of each output, a shift above 31 where no factor is exact enough; parts: of weights too large for half a word, per output a count and (step, part), or null; row_sum:
 * what the sum of a row counts in each output, or null.
 */
typedef struct {
  uint32_t rows, in_n, out_n;
  const int32_t *weights;
  const int8_t *parts;
  const int8_t *row_sum;
  const int32_t *start;
  const int32_t *table;
  dnnrt_requantize_t requantize;
} dnnrt_fc_swar_t;

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

/* Copies rows * columns runs of bytes; steps, from row to row too, and offsets in bytes. */
typedef struct {
  uint32_t rows, columns, run;
  int32_t x_row, x_step, y_row, y_step;
  int32_t x_offset, y_offset;
} dnnrt_runs_t;

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

/* Element-wise function of one operand with up to two parameters. */
typedef struct {
  uint32_t n;
  float alpha;
  float beta;
} dnnrt_map_t;

/* Integer operands of type and b_type, result of y_type. */
typedef struct {
  dnnrt_broadcast_t broadcast;
  uint16_t operation;
  uint16_t type;
  uint16_t b_type;
  uint16_t y_type;
} dnnrt_binary_int_t;

typedef struct {
  uint32_t n;
  uint16_t operation;
  uint16_t type;
} dnnrt_unary_int_t;

/* lo, hi: range of the target. */
typedef struct {
  uint32_t n;
  uint16_t from;
  uint16_t to;
  int64_t lo;
  int64_t hi;
} dnnrt_cast_t;

typedef struct {
  dnnrt_broadcast_t broadcast;
  int32_t condition_stride[DNNRT_MAX_RANK];
} dnnrt_where_t;

/* The middle axis of [outer, n, inner]: element (o, i, k) is at (o * n + i) * inner + k. */
typedef struct {
  uint32_t outer;
  uint32_t n;
  uint32_t inner;
} dnnrt_axis_t;

typedef struct {
  dnnrt_axis_t axis;
  uint16_t operation;
  uint16_t type;
} dnnrt_reduce_int_t;

typedef struct {
  dnnrt_axis_t axis;
  uint16_t largest;
  uint16_t last;
  uint16_t type;
} dnnrt_arg_reduce_t;

typedef struct {
  dnnrt_axis_t axis;
  uint16_t exclusive;
  uint16_t reverse;
  uint16_t type;
  uint16_t product; /* instead of the sum */
} dnnrt_cum_sum_t;

typedef struct {
  dnnrt_axis_t axis;
  uint32_t k;
  uint16_t largest;
  uint16_t type;
} dnnrt_top_k_t;

typedef struct {
  uint32_t rows;
  uint32_t n;
  float epsilon;
} dnnrt_standardize_t;

typedef struct {
  dnnrt_axis_t axis;
  uint32_t size;
  float alpha;
  float beta;
  float bias;
} dnnrt_lrn_t;

/* Strides in elements; batches of the operands by the strides of batch. */
typedef struct {
  dnnrt_broadcast_t batch;
  uint32_t m;
  uint32_t k;
  uint32_t n;
  int32_t a_row;
  int32_t a_column;
  int32_t b_row;
  int32_t b_column;
  float alpha;
  float lo;
  float hi;
} dnnrt_matmul_t;

typedef struct {
  dnnrt_matmul_t product;
  uint16_t a_type;
  uint16_t b_type;
  uint16_t a_zero_step;
  uint16_t b_zero_step;
} dnnrt_matmul_int_t;

/* int8 matrices by strides; the multiplier is per row, per column, or one. */
typedef struct {
  dnnrt_broadcast_t batch;
  uint32_t m, k, n;
  uint32_t chunk; /* columns of b at a time, whole blocks of 4 */
  int32_t a_row, a_column, b_row, b_column;
  int16_t a_zero, b_zero;
  const float *multiplier;
  uint16_t row_step, column_step;
  int16_t y_zero, lo, hi;
} dnnrt_matmul_s8_t;

typedef struct {
  uint32_t outer;
  uint32_t rows;
  uint32_t columns;
  const float *multiplier;
  const int32_t *bias;
  uint16_t row_step;
  uint16_t column_step;
  int16_t y_zero;
  int16_t lo;
  int16_t hi;
} dnnrt_requantize_s32_t;

typedef struct {
  uint32_t rows;
  uint32_t columns;
  const float *scale;
  const int32_t *bias;
  uint16_t column_step;
} dnnrt_scale_s32_t;

/* A window over depth, rows and columns; missing leading axes have size 1. */
typedef struct {
  int32_t batch;
  int32_t in_c;
  int32_t in[3];
  int32_t out[3];
  int32_t kernel[3];
  int32_t stride[3];
  int32_t dilation[3];
  int32_t pad[3];
} dnnrt_window3_t;

typedef struct {
  dnnrt_window3_t window;
  int32_t out_c;
  int32_t groups;
  float lo;
  float hi;
} dnnrt_conv3d_t;

typedef struct {
  dnnrt_conv3d_t conv;
  uint16_t x_type;
  uint16_t w_type;
  uint16_t w_zero_step;
} dnnrt_conv3d_int_t;

typedef struct {
  dnnrt_window3_t window;
  int32_t pad_end[3];
  uint16_t count_include_pad;
  uint16_t column_major;
  float norm;
} dnnrt_pool3d_t;

typedef struct {
  uint32_t outer;
  uint32_t axis;
  uint32_t n;
  uint32_t inner_bytes;
  uint16_t index_type;
} dnnrt_gather_t;

/* shape: of the indices; x_shape: of the data. */
typedef struct {
  uint16_t rank;
  uint16_t axis;
  uint16_t index_type;
  uint16_t element_bytes;
  uint32_t shape[DNNRT_MAX_RANK];
  uint32_t x_shape[DNNRT_MAX_RANK];
} dnnrt_gather_elements_t;

typedef struct {
  dnnrt_gather_elements_t places;
  uint16_t type;
  uint16_t reduction;
} dnnrt_scatter_elements_t;

/* shape: the axes that a tuple of depth indices names. */
typedef struct {
  uint32_t batch;
  uint32_t batch_bytes;
  uint32_t tuples;
  uint32_t slice_bytes;
  uint16_t depth;
  uint16_t index_type;
  uint32_t shape[DNNRT_MAX_RANK];
} dnnrt_gather_nd_t;

typedef struct {
  dnnrt_gather_nd_t places;
  uint32_t slice;
  uint16_t type;
  uint16_t reduction;
} dnnrt_scatter_nd_t;

typedef struct {
  uint32_t outer;
  uint32_t depth;
  uint32_t inner;
  uint16_t index_type;
  uint16_t element_bytes;
} dnnrt_one_hot_t;

enum { DNNRT_SAMPLE_NEAREST, DNNRT_SAMPLE_LINEAR, DNNRT_SAMPLE_CUBIC };
enum { DNNRT_PADDING_ZEROS, DNNRT_PADDING_BORDER, DNNRT_PADDING_REFLECTION };

typedef struct {
  uint32_t batch;
  uint32_t channels;
  uint32_t points;     /* of the result, per image */
  int32_t size[3];     /* of the image; missing leading axes 1 */
  uint16_t axes;       /* 1..3 */
  uint16_t mode;       /* DNNRT_SAMPLE_... */
  uint16_t padding;    /* DNNRT_PADDING_... */
  uint16_t align;      /* 1: -1 and 1 are the centres of the outermost elements */
} dnnrt_grid_sample_t;

typedef struct {
  uint32_t batch, channels, in_h, in_w;
  uint32_t regions, out_h, out_w;
  int32_t sampling;    /* points of a bin along each axis, 0: as many as it is long */
  float scale;         /* from coordinates of regions to those of the image */
  uint16_t maximum;    /* 1: largest weighted element, 0: mean */
  uint16_t half_pixel;
  uint16_t index_type;
} dnnrt_roi_align_t;

typedef struct {
  dnnrt_window_t window;
  uint16_t out_c, groups, offset_groups;
} dnnrt_deform_conv2d_t;

typedef struct {
  uint32_t outer;
  uint32_t in_n;
  uint32_t out_n;
  uint32_t inner;
  uint32_t taps;
  const uint16_t *places;
  const float *weights;
} dnnrt_resample_t;

/* Element (o, i, k) has scale o * outer_step + i / block * block_step + k * inner_step. */
typedef struct {
  uint32_t outer;
  uint32_t n;
  uint32_t inner;
  uint32_t block;
  uint32_t outer_step;
  uint32_t block_step;
  uint32_t inner_step;
  uint16_t type;
  uint16_t zero_type;
  int32_t lo;
  int32_t hi;
} dnnrt_quantize_axis_t;

/* Sizes, strides (in floats) and weights of a recurrent layer; gates in the order of ONNX. option: input_forget, linear_before_reset. */
typedef struct {
  uint32_t steps;
  uint32_t batch;
  uint32_t in_n;
  uint32_t hidden;
  uint32_t directions;
  uint16_t first_reverse;
  uint16_t option;
  uint32_t x_step;
  uint32_t x_batch;
  uint32_t y_step;
  uint32_t y_batch;
  uint32_t y_direction;
  float clip;
  const float *activations; /* per direction and use: code, alpha, beta */
} dnnrt_recurrent_t;

/* Weights of a recurrent layer; bias and peephole may be null. */
typedef struct {
  const float *w, *r, *bias, *peephole;
} dnnrt_recurrent_weights_t;

/* Scales of rows (a) and columns (b): steps of 0 or 1. */
typedef struct {
  uint32_t outer, rows, columns;
  uint16_t a_step, b_step, type;
  int32_t lo, hi;
} dnnrt_requantize_dynamic_t;

typedef struct {
  uint32_t outer, channels, inner;
  float epsilon;
} dnnrt_batch_normalization_t;

/* What 4-bit values are unpacked to. */
enum { DNNRT_NIBBLES_BYTES, DNNRT_NIBBLES_FLIPPED, DNNRT_NIBBLES_PAIRS };

/* Where a decoder stands in the streams of encoded weights. */
typedef struct {
  uint32_t row;
  uint32_t place; /* in bytes, fields or bits, as the decoder counts */
  uint32_t value;
} dnnrt_cursor_t;

typedef struct dnnrt_encoded dnnrt_encoded_t;

/* Writes the columns of the next row that hold values, ascending, every `step` elements; returns how many. */
typedef uint32_t dnnrt_read_places_t(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint16_t *places, uint32_t step);
/* Writes the next n values into the entries of a decoded row (dnnrt_encoding.h). */
typedef void dnnrt_read_values_t(const dnnrt_encoded_t *w, dnnrt_cursor_t *at, uint32_t n, void *values);

/* A weight matrix in fewer bytes, row by row: the places of values and the values, each in a stream with a decoder of its own. */
struct dnnrt_encoded {
  uint32_t rows;
  uint16_t columns;
  uint16_t most; /* entries of the fullest row */
  dnnrt_read_places_t *read_places;
  dnnrt_read_values_t *read_values;
  const uint8_t *places; /* or null: a value in every column */
  const void *counts;    /* place fields of each row, where the decoder needs them, or null */
  const void *values;
  const void *table;     /* shared values, or null */
  uint8_t count_bytes;   /* 1 or 2 */
  uint8_t place_bits;    /* of a place within its group */
  uint8_t group_values;  /* values of each group */
  uint8_t value_bits;    /* of an index into the table, at most 8 */
};

typedef struct {
  dnnrt_window_t window;
  uint16_t out_c, groups;
  int16_t x_zero;
  uint16_t weight_zero_step;
  const int8_t *weight_zero;
  const int32_t *bias;
  dnnrt_encoded_t weights; /* rows out_c, columns [kernel_h][kernel_w][in_c / groups] */
  dnnrt_requantize_t requantize;
} dnnrt_conv2d_encoded_s8_t;

typedef struct {
  uint32_t rows;
  int16_t x_zero;
  uint16_t weight_zero_step;
  const int8_t *weight_zero;
  const int32_t *bias;
  dnnrt_encoded_t weights; /* rows out_n, columns in_n */
  dnnrt_requantize_t requantize;
} dnnrt_fc_encoded_s8_t;

typedef struct {
  dnnrt_window_t window;
  uint16_t out_c, groups;
  const float *bias;
  float lo, hi;
  dnnrt_encoded_t weights;
} dnnrt_conv2d_encoded_f32_t;

typedef struct {
  uint32_t rows;
  const float *bias;
  float lo, hi;
  dnnrt_encoded_t weights;
} dnnrt_fc_encoded_f32_t;

/* round-half-even(acc * multiplier) + zero, limited to [lo, hi]; |lo - zero|, |hi - zero| <= 511. */
int32_t dnnrt_requantize_integer(int32_t acc, float multiplier, int32_t zero, int32_t lo, int32_t hi);

/* float32 functions without libc: the same bits on every target, relative error about 1e-7. */
float dnnrt_expf(float x);
float dnnrt_logf(float x);
float dnnrt_log1pf(float x);
float dnnrt_expm1f(float x);
float dnnrt_tanhf(float x);
float dnnrt_sinhf(float x);
float dnnrt_coshf(float x);
float dnnrt_asinhf(float x);
float dnnrt_acoshf(float x);
float dnnrt_atanhf(float x);
/*
 * For programs that use two cores: fork hands a task to the second one and returns, join waits until it is done. As they are here, the task
 * runs before fork returns; a definition elsewhere takes their place. Between the two the cores never write what the other reads or writes.
 */
void dnnrt_fork(void (*task)(void));
void dnnrt_join(void);

float dnnrt_sqrtf(float x);
float dnnrt_sinf(float x);
float dnnrt_cosf(float x);
float dnnrt_tanf(float x);
float dnnrt_atanf(float x);
float dnnrt_asinf(float x);
float dnnrt_acosf(float x);
float dnnrt_erff(float x);
float dnnrt_floorf(float x);
float dnnrt_ceilf(float x);
float dnnrt_roundf(float x);
float dnnrt_sigmoidf(float x);
float dnnrt_softplusf(float x);
float dnnrt_powf(float x, float y);
float dnnrt_fmodf(float x, float y);
double dnnrt_fmod_f64(double x, double y);
void dnnrt_bilinear_f32(const float *image, int32_t height, int32_t width, float y, float x, float *values);
float dnnrt_modf(float x, float y);
float dnnrt_activationf(const float f[3], float x);

void dnnrt_conv2d_s8(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_conv2d_affine_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_conv2d_s16_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_conv2d_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_conv2d_s4_swar(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_conv2d_s4_pairs_swar(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_conv2d_s8_swar(const dnnrt_conv2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_depthwise2d_s8(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_depthwise2d_s8_swar(const dnnrt_depthwise2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_depthwise2d_taps_s8_swar(const dnnrt_depthwise2d_swar_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_depthwise2d_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_depthwise2d_taps_s8_dsp(const dnnrt_conv2d_s8_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_fc_s8_swar(const dnnrt_fc_swar_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_fc_s8(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_fc_affine_s8_dsp(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y, void *scratch);
void dnnrt_fc_s8_dsp(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y, void *scratch);
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
void dnnrt_conv2d_f32_fpu(const dnnrt_conv2d_f32_t *p, const float *x, float *y, void *scratch);
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

void dnnrt_abs_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_acos_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_acosh_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_asin_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_asinh_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_atan_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_atanh_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_ceil_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_celu_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_cos_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_cosh_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_elu_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_erf_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_exp_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_floor_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_gelu_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_gelu_tanh_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_hard_sigmoid_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_hard_swish_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_leaky_relu_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_log_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_mish_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_neg_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_reciprocal_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_relu_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_round_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_selu_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_shrink_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_sigmoid_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_sign_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_sin_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_sinh_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_softplus_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_softsign_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_sqrt_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_tan_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_tanh_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_thresholded_relu_f32(const dnnrt_map_t *p, const float *x, float *y);
void dnnrt_is_inf_f32(const dnnrt_map_t *p, const float *x, uint8_t *y);
void dnnrt_is_nan_f32(const dnnrt_map_t *p, const float *x, uint8_t *y);
void dnnrt_pow_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_mod_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_fmod_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_prelu_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, float *y);
void dnnrt_equal_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, uint8_t *y);
void dnnrt_greater_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, uint8_t *y);
void dnnrt_greater_or_equal_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, uint8_t *y);
void dnnrt_less_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, uint8_t *y);
void dnnrt_less_or_equal_f32(const dnnrt_broadcast_t *p, const float *a, const float *b, uint8_t *y);
void dnnrt_where_8(const dnnrt_where_t *p, const uint8_t *condition, const void *a, const void *b, void *y);
void dnnrt_fill_8(uint32_t n, const void *value, void *y);
void dnnrt_take_8(uint32_t n, const int32_t *table, const void *x, void *y);
void dnnrt_where_16(const dnnrt_where_t *p, const uint8_t *condition, const void *a, const void *b, void *y);
void dnnrt_fill_16(uint32_t n, const void *value, void *y);
void dnnrt_take_16(uint32_t n, const int32_t *table, const void *x, void *y);
void dnnrt_where_32(const dnnrt_where_t *p, const uint8_t *condition, const void *a, const void *b, void *y);
void dnnrt_fill_32(uint32_t n, const void *value, void *y);
void dnnrt_take_32(uint32_t n, const int32_t *table, const void *x, void *y);
void dnnrt_where_64(const dnnrt_where_t *p, const uint8_t *condition, const void *a, const void *b, void *y);
void dnnrt_fill_64(uint32_t n, const void *value, void *y);
void dnnrt_take_64(uint32_t n, const int32_t *table, const void *x, void *y);
void dnnrt_binary_int(const dnnrt_binary_int_t *p, const void *a, const void *b, void *y);
void dnnrt_unary_int(const dnnrt_unary_int_t *p, const void *x, void *y);
void dnnrt_cast_int(const dnnrt_cast_t *p, const void *x, void *y);
void dnnrt_cast_int_f32(const dnnrt_cast_t *p, const void *x, float *y);
void dnnrt_cast_f32_int(const dnnrt_cast_t *p, const float *x, void *y);
void dnnrt_round_f16(uint32_t n, const float *x, float *y);
void dnnrt_cast_f64(const dnnrt_cast_t *p, const void *x, void *y);
void dnnrt_binary_f64(const dnnrt_binary_int_t *p, const double *a, const double *b, void *y);
void dnnrt_unary_f64(const dnnrt_unary_int_t *p, const double *x, double *y);
void dnnrt_reduce_f64(const dnnrt_reduce_int_t *p, const double *x, double *y);
void dnnrt_cum_sum_f64(const dnnrt_cum_sum_t *p, const double *x, double *y);
void dnnrt_matmul_f64(const dnnrt_matmul_t *p, const double *a, const double *b, double *y);
void dnnrt_reduce_l1_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_l2_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_log_sum_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_max_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_mean_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_min_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_prod_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_sum_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_sum_square_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_log_sum_exp_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_reduce_int(const dnnrt_reduce_int_t *p, const void *x, void *y);
void dnnrt_log_softmax_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_hardmax_f32(const dnnrt_axis_t *p, const float *x, float *y);
void dnnrt_arg_reduce_f32(const dnnrt_arg_reduce_t *p, const float *x, int64_t *y);
void dnnrt_cum_sum_f32(const dnnrt_cum_sum_t *p, const float *x, float *y);
void dnnrt_top_k_f32(const dnnrt_top_k_t *p, const float *x, float *y, int64_t *indices);
void dnnrt_arg_reduce_int(const dnnrt_arg_reduce_t *p, const void *x, int64_t *y);
void dnnrt_cum_sum_int(const dnnrt_cum_sum_t *p, const void *x, void *y);
void dnnrt_top_k_int(const dnnrt_top_k_t *p, const void *x, void *y, int64_t *indices);
void dnnrt_standardize_f32(const dnnrt_standardize_t *p, const float *x, float *y, float *means, float *deviations);
void dnnrt_lrn_f32(const dnnrt_lrn_t *p, const float *x, float *y);
void dnnrt_matmul_f32(const dnnrt_matmul_t *p, const float *a, const float *b, float *y);
void dnnrt_matmul_s8(const dnnrt_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y, void *scratch);
void dnnrt_matmul_s8_dsp(const dnnrt_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y, void *scratch);
void dnnrt_matmul_int(const dnnrt_matmul_int_t *p, const void *a, const void *b, const void *a_zero, const void *b_zero, int32_t *y);
void dnnrt_requantize_s32_8(const dnnrt_requantize_s32_t *p, const int32_t *x, int8_t *y);
void dnnrt_scale_s32_f32(const dnnrt_scale_s32_t *p, const int32_t *x, float *y);
void dnnrt_conv3d_f32(const dnnrt_conv3d_t *p, const float *x, const float *w, const float *bias, float *y);
void dnnrt_conv3d_int(const dnnrt_conv3d_int_t *p, const void *x, const void *w, const void *x_zero, const void *w_zero, int32_t *y);
void dnnrt_conv_transpose3d_f32(const dnnrt_conv3d_t *p, const float *x, const float *w, const float *bias, float *y);
void dnnrt_max_pool3d_f32(const dnnrt_pool3d_t *p, const float *x, float *y, int64_t *indices);
void dnnrt_average_pool3d_f32(const dnnrt_pool3d_t *p, const float *x, float *y);
void dnnrt_lp_pool3d_f32(const dnnrt_pool3d_t *p, const float *x, float *y);
void dnnrt_grid_sample_f32(const dnnrt_grid_sample_t *p, const float *x, const float *grid, float *y);
void dnnrt_roi_align_f32(const dnnrt_roi_align_t *p, const float *x, const float *regions, const void *indices, float *y);
void dnnrt_deform_conv2d_f32(
    const dnnrt_deform_conv2d_t *p, const float *x, const float *w, const float *offset, const float *bias, const float *mask, float *y, float *scratch);
void dnnrt_gather(const dnnrt_gather_t *p, const void *x, const void *indices, void *y);
void dnnrt_gather_elements(const dnnrt_gather_elements_t *p, const void *x, const void *indices, void *y);
void dnnrt_scatter_update(uint32_t type, uint32_t reduction, void *y, int32_t at, const void *updates, int32_t from);
void dnnrt_scatter_elements(const dnnrt_scatter_elements_t *p, const void *indices, const void *updates, void *y);
void dnnrt_gather_nd(const dnnrt_gather_nd_t *p, const void *x, const void *indices, void *y);
void dnnrt_scatter_nd(const dnnrt_scatter_nd_t *p, const void *indices, const void *updates, void *y);
void dnnrt_one_hot(const dnnrt_one_hot_t *p, const void *indices, const void *values, void *y);
void dnnrt_resample_f32(const dnnrt_resample_t *p, const float *x, float *y);
void dnnrt_quantize_axis_f32(const dnnrt_quantize_axis_t *p, const float *x, const float *scale, const void *zero, void *y);
void dnnrt_dequantize_axis_f32(const dnnrt_quantize_axis_t *p, const void *x, const float *scale, const void *zero, float *y);
void dnnrt_dynamic_quantize_f32_u8(uint32_t n, const float *x, uint8_t *y, float *scale, uint8_t *zero);
void dnnrt_gate_f32(uint32_t hidden, uint32_t n, const float *w, const float *x, float *y);
float dnnrt_clipf(float x, float limit);
void dnnrt_lstm_step_f32(const dnnrt_recurrent_t *p, const dnnrt_recurrent_weights_t *d, const float *x, float *h, float *c, float *s, uint32_t direction);
void dnnrt_gru_step_f32(const dnnrt_recurrent_t *p, const dnnrt_recurrent_weights_t *d, const float *x, float *h, float *c, float *s, uint32_t direction);
void dnnrt_rnn_step_f32(const dnnrt_recurrent_t *p, const dnnrt_recurrent_weights_t *d, const float *x, float *h, float *c, float *s, uint32_t direction);
void dnnrt_lstm_f32(const dnnrt_recurrent_t *p, const float *x, const float *w, const float *r, const float *bias, const float *peephole, const int32_t *lengths, float *y, float *h, float *c, float *s);
void dnnrt_gru_f32(const dnnrt_recurrent_t *p, const float *x, const float *w, const float *r, const float *bias, const float *peephole, const int32_t *lengths, float *y, float *h, float *c, float *s);
void dnnrt_rnn_f32(const dnnrt_recurrent_t *p, const float *x, const float *w, const float *r, const float *bias, const float *peephole, const int32_t *lengths, float *y, float *h, float *c, float *s);

void dnnrt_requantize_dynamic_s32(const dnnrt_requantize_dynamic_t *p, const int32_t *x, const float *a_scale, const float *b_scale, const float *y_scale, const void *y_zero, void *y);
void dnnrt_batch_normalization_f32(const dnnrt_batch_normalization_t *p, const float *x, const float *scale, const float *bias, const float *mean, const float *variance, float *y);

dnnrt_read_places_t dnnrt_places_all;
dnnrt_read_places_t dnnrt_places_crs8;
dnnrt_read_places_t dnnrt_places_crs16;
dnnrt_read_places_t dnnrt_places_delta4;
dnnrt_read_places_t dnnrt_places_bitmap;
dnnrt_read_places_t dnnrt_places_nm;
dnnrt_read_values_t dnnrt_values_s8;
dnnrt_read_values_t dnnrt_values_s4;
dnnrt_read_values_t dnnrt_values_code_s8;
dnnrt_read_values_t dnnrt_values_huffman_s8;
dnnrt_read_values_t dnnrt_values_f32;
dnnrt_read_values_t dnnrt_values_f16;
dnnrt_read_values_t dnnrt_values_code_f32;
void dnnrt_place_taps(const dnnrt_window_t *g, uint32_t depth, uint32_t n, uint16_t *places, uint32_t step, uint16_t *taps);
void dnnrt_conv2d_encoded_s8(const dnnrt_conv2d_encoded_s8_t *p, const int8_t *x, int8_t *y, void *row);
void dnnrt_conv2d_encoded_f32(const dnnrt_conv2d_encoded_f32_t *p, const float *x, float *y, void *row);
void dnnrt_unpack_s4(uint32_t n, uint32_t form, const uint8_t *x, void *y);
void dnnrt_unpack_pairs_s4(uint32_t pairs, uint32_t words, const uint8_t *x, const int32_t *ends, int32_t *y);
void dnnrt_fc_s4(const dnnrt_fc_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_fc_encoded_s8(const dnnrt_fc_encoded_s8_t *p, const int8_t *x, int8_t *y, void *row);
void dnnrt_fc_crs8_s8(const dnnrt_fc_encoded_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_fc_crs16_s8(const dnnrt_fc_encoded_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_fc_delta4_s8(const dnnrt_fc_encoded_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_fc_bitmap_s8(const dnnrt_fc_encoded_s8_t *p, const int8_t *x, int8_t *y);
void dnnrt_fc_encoded_f32(const dnnrt_fc_encoded_f32_t *p, const float *x, float *y, void *row);
void dnnrt_copy_8(const dnnrt_copy_t *p, const void *x, void *y);
void dnnrt_copy_16(const dnnrt_copy_t *p, const void *x, void *y);
void dnnrt_copy_32(const dnnrt_copy_t *p, const void *x, void *y);
void dnnrt_copy_64(const dnnrt_copy_t *p, const void *x, void *y);
void dnnrt_copy_runs(const dnnrt_runs_t *p, const void *x, void *y);

#ifdef __cplusplus
}
#endif

#endif
