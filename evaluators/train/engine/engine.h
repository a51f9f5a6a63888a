/*
 * The training engine's shared vocabulary. A kernel reads its arguments as 32-bit words: byte offsets into one memory, counts,
 * enumerations or the bits of a float. The same source builds for WebAssembly (memory = linear memory) and natively.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdint.h>

/* Vector width VW, rows MR and vectors per row NV of the register block: 4x8 measured fastest in WebAssembly (16 registers). */
#if defined(__wasm__)
#define VW 4
#define MR 4
#define NV 2
#define KC 384
#elif defined(__AVX512VL__)
/* 256-bit vectors: wider ones straddle the rows of small images too often, and gain nothing where 512 bits run as two halves. */
#define VW 8
#define MR 8
#define NV 2
#define KC 192
#elif defined(__AVX2__)
#define VW 8
#define MR 6
#define NV 2
#define KC 192
#else
#define VW 4
#define MR 4
#define NV 2
#define KC 384
#endif
#define NR (VW * NV)
/* Rows of A packed at once; a multiple of 4, 6 and 8. */
#define MC 240
/* For so many rows at most B is read where it lies, when its vectors do: packing it would cost more than the detours do. */
#define IN_PLACE_ROWS (8 * MR)
/* Packed rows of A, one panel of B, the results of all rows. */
#define A_FLOATS ((MC + MR) * KC)
#define WORKSPACE_FLOATS (A_FLOATS + KC * NR + MC * NR)

typedef int32_t word;
typedef float vf __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(VW * 4), aligned(4), may_alias));

static inline vf load(const float *p) { return *(const vf *)p; }
static inline void store(float *p, vf v) { *(vf *)p = v; }
static inline vf splat(float x) { return x - (vf){0}; }
static inline float as_float(word w) {
  union {
    word w;
    float f;
  } u = {.w = w};
  return u.f;
}
static inline float horizontal_sum(vf v) {
  float s = 0;
  for (int i = 0; i < VW; i++) s += v[i];
  return s;
}
static inline vf vmax(vf a, vf b) {
  vi m = a > b;
  return (vf)(((vi)a & m) | ((vi)b & ~m));
}
static inline vf vmin(vf a, vf b) {
  vi m = a < b;
  return (vf)(((vi)a & m) | ((vi)b & ~m));
}

static inline void zero(float *p, int count) {
  int i = 0;
  for (; i + VW <= count; i += VW) store(p + i, (vf){0});
  for (; i < count; i++) p[i] = 0;
}
/* -1 in the first `count` lanes, 0 in the others. */
static inline vi first_lanes(int count) {
  vi mask;
  for (int i = 0; i < VW; i++) mask[i] = i < count ? -1 : 0;
  return mask;
}
/*
 * Copies rows of `width` floats, in order. Up to VW - 1 zeros follow each row in the target: what belongs there has to be zero, or be
 * written later, as the next row is; blocks of memory have that much slack behind them.
 */
static inline void copy_rows(const float *src, int src_pitch, float *dst, int dst_pitch, int rows, int width) {
  int whole = width / VW * VW;
  vi mask = first_lanes(width - whole);
  for (int r = 0; r < rows; r++, src += src_pitch, dst += dst_pitch) {
    for (int i = 0; i < whole; i += VW) store(dst + i, load(src + i));
    if (whole < width) store(dst + whole, (vf)((vi)load(src + whole) & mask));
  }
}

/* Where a kernel finds its memory. */
typedef struct {
  char *base;
  float *workspace;
} env_t;

static inline float *floats(const env_t *e, word offset) { return (float *)(e->base + (uint32_t)offset); }
static inline int32_t *ints(const env_t *e, word offset) { return (int32_t *)(e->base + (uint32_t)offset); }

float engine_exp(float x);
float engine_log(float x);
float engine_tanh(float x);
float engine_erf(float x);
float engine_sqrt(float x);
float engine_sigmoid(float x);

/* Whether each number is larger than the one before it. */
int engine_rising(const int32_t *table, int count);
/*
 * dst[k * width + r] = p[lane[r] + depth[k]] for r < width and k < kc; lanes beyond `valid` hold anything. `rising` says that the depths
 * grow.
 */
void engine_pack(const float *p, const int32_t *lane, int valid, int width, const int32_t *depth, int rising, int kc, float *dst);

/* Runs the steps in words[0..count): each is its kernel's number, the number of its arguments, then the arguments. */
void engine_run(const env_t *e, const word *words, int32_t count);

#define KERNEL(name) void k_##name(const env_t *e, const word *a);
#include "kernels.def"
#undef KERNEL

#endif
