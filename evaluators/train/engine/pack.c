/*
 * Packing of operands for the matrix product: dst[k * width + r] = p[lane[r] + depth[k]] for r < width. Lanes that lie side by side are
 * copied as vectors; where the depth lies side by side instead, blocks of VW x VW are transposed in registers.
 */
#include "engine.h"

#if defined(__clang__)
#define MIX(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define MIX(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif
#if VW == 8
#define EVEN(a, b) MIX(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
static inline void transpose(vf r[VW]) {
  vf s[VW];
  for (int i = 0; i < VW; i += 2) {
    s[i] = MIX(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    s[i + 1] = MIX(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < VW; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = MIX(s[i + j], s[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      r[i + 2 * j + 1] = MIX(s[i + j], s[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; i++) {
    vf low = MIX(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    r[i + 4] = MIX(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    r[i] = low;
  }
}
#else
#define EVEN(a, b) MIX(a, b, 0, 2, 4, 6)
static inline void transpose(vf r[VW]) {
  vf a = MIX(r[0], r[1], 0, 4, 1, 5), b = MIX(r[0], r[1], 2, 6, 3, 7), c = MIX(r[2], r[3], 0, 4, 1, 5), d = MIX(r[2], r[3], 2, 6, 3, 7);
  r[0] = MIX(a, c, 0, 1, 4, 5);
  r[1] = MIX(a, c, 2, 3, 6, 7);
  r[2] = MIX(b, d, 0, 1, 4, 5);
  r[3] = MIX(b, d, 2, 3, 6, 7);
}
#endif

/* Number of lanes (they grow) from the first that lie side by side; 0 when what follows them does not lie side by side either. */
static int first_run(const int32_t *lane) {
  int s = 1;
  while (s < VW && lane[s] - lane[s - 1] == 1) s++;
  return s == VW || lane[VW - 1] - lane[s] == VW - 1 - s ? s : 0;
}

/* Every other float. */
static int is_stride_two(const int32_t *lane) {
  int other = 0;
  for (int r = 0; r < VW; r++) other |= lane[r] - lane[0] - 2 * r;
  return !other;
}

static void pack_stride_two(const float *p, const int32_t *lane, const int32_t *depth, int width, int kc, float *dst) {
  const float *q = p + lane[0];
  for (int k = 0; k < kc; k++) store(dst + k * width, EVEN(load(q + depth[k]), load(q + depth[k] + VW)));
}

/* Lanes in one run or two (a patch row that ends inside the vector). */
static void pack_runs(const float *p, const int32_t *lane, int run, const int32_t *depth, int width, int kc, float *dst) {
  const float *q = p + lane[0];
  if (run == VW) {
    for (int k = 0; k < kc; k++) store(dst + k * width, load(q + depth[k]));
    return;
  }
  /* Reads a few floats beyond either run; the host leaves slack around every block. */
  const float *z = p + lane[run] - run;
  vi chosen;
  for (int r = 0; r < VW; r++) chosen[r] = r < run ? -1 : 0;
  for (int k = 0; k < kc; k++) {
    vi first = (vi)load(q + depth[k]), second = (vi)load(z + depth[k]);
    store(dst + k * width, (vf)((first & chosen) | (second & ~chosen)));
  }
}


/* Any lanes. */
static void pack_lanes(const float *p, const int32_t *lane, const int32_t *depth, int rising, int width, int kc, float *dst) {
  const float *q[VW];
  for (int r = 0; r < VW; r++) q[r] = p + lane[r];
  for (int k = 0; k < kc;) {
    if (rising && k + VW <= kc && depth[k + VW - 1] - depth[k] == VW - 1) {
      vf block[VW];
      for (int r = 0; r < VW; r++) block[r] = load(q[r] + depth[k]);
      transpose(block);
      for (int r = 0; r < VW; r++) store(dst + (k + r) * width, block[r]);
      k += VW;
    } else {
      for (int r = 0; r < VW; r++) dst[k * width + r] = q[r][depth[k]];
      k++;
    }
  }
}

int engine_rising(const int32_t *table, int count) {
  int falls = 0;
  for (int i = 1; i < count; i++) falls |= table[i] <= table[i - 1];
  return !falls;
}

void engine_pack(const float *p, const int32_t *lane, int valid, int width, const int32_t *depth, int rising, int kc, float *dst) {
  int32_t near[VW];
  /* Backwards: where the width is no multiple of VW, the last group spills into rows that earlier groups then write. */
  for (int r = (width - 1) / VW * VW; r >= 0; r -= VW) {
    if (r + VW > valid) {
      /* Lanes beyond the last repeat it: their products are not stored. */
      for (int i = 0; i < VW; i++) near[i] = lane[r + i < valid ? r + i : valid - 1];
      pack_lanes(p, near, depth, rising, width, kc, dst + r);
      continue;
    }
    int run = first_run(lane + r);
    if (run) pack_runs(p, lane + r, run, depth, width, kc, dst + r);
    else if (is_stride_two(lane + r)) pack_stride_two(p, lane + r, depth, width, kc, dst + r);
    else pack_lanes(p, lane + r, depth, rising, width, kc, dst + r);
  }
}
