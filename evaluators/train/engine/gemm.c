/*
 * Indirect matrix product: C(i,j) = clamp(sum_k A(i,k) B(k,j) + bias), where element (r,c) of an operand lies at
 * base[row[r] + col[c]]. With tables of offsets one kernel serves dense layers in any transposition and, on zero-padded planes,
 * convolutions forward (B = patches), their weight gradient and their input gradient, without an im2col buffer.
 *
 * Blocking after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (TOMS 34, 2008): A is packed in MC x KC
 * blocks, B in KC x NR panels or read where it lies; the register block is MR x NR. The sum runs over k in order, KC at a time: the
 * result does not depend on anything but the operands.
 */
#include "engine.h"

enum { ACCUMULATE = 1, BIAS_ROW = 2, BIAS_COLUMN = 4, CLAMP = 8 };

/* Not inlined: alone, V8 keeps every accumulator in a register. */
static __attribute__((noinline)) void micro(int kc, const float *a, const float *b, float *tile, int first) {
  vf c[MR][NV] = {{{0}}};
  if (!first)
    for (int i = 0; i < MR; i++)
      for (int v = 0; v < NV; v++) c[i][v] = load(tile + i * NR + v * VW);
  const float *end = a + kc * MR;
  do {
    vf bv[NV];
    for (int v = 0; v < NV; v++) bv[v] = load(b + v * VW);
    for (int i = 0; i < MR; i++) {
      vf av = splat(a[i]);
      for (int v = 0; v < NV; v++) c[i][v] += av * bv[v];
    }
    a += MR;
    b += NR;
  } while (a != end);
  for (int i = 0; i < MR; i++)
    for (int v = 0; v < NV; v++) store(tile + i * NR + v * VW, c[i][v]);
}

/* The same with B where it lies: vector v of depth k is at b[v] + depth[k]. */
static __attribute__((noinline)) void micro_in_place(int kc, const float *a, const float *const *b, const int32_t *depth, float *tile,
                                                     int first) {
  vf c[MR][NV] = {{{0}}};
  if (!first)
    for (int i = 0; i < MR; i++)
      for (int v = 0; v < NV; v++) c[i][v] = load(tile + i * NR + v * VW);
  const float *end = a + kc * MR, *q[NV];
  for (int v = 0; v < NV; v++) q[v] = b[v];
  do {
    int32_t o = *depth++;
    vf bv[NV];
    for (int v = 0; v < NV; v++) bv[v] = load(q[v] + o);
    for (int i = 0; i < MR; i++) {
      vf av = splat(a[i]);
      for (int v = 0; v < NV; v++) c[i][v] += av * bv[v];
    }
    a += MR;
  } while (a != end);
  for (int i = 0; i < MR; i++)
    for (int v = 0; v < NV; v++) store(tile + i * NR + v * VW, c[i][v]);
}

typedef struct {
  float *c;
  const int32_t *row, *col;
  const float *bias;
  int flags;
  float lo, hi;
} target;

/* Adds the tile to what is there (unless `first`), then finishes with bias and clamp when `last`. */
static void put(const target *t, int i0, int rows, int j0, int cols, const float *tile, int first, int last) {
  int finish = last && (t->flags & (BIAS_ROW | BIAS_COLUMN | CLAMP));
  int contiguous = cols == NR && t->col[j0 + NR - 1] - t->col[j0] == NR - 1;
  for (int i = 0; i < rows; i++) {
    float *c = t->c + t->row[i0 + i];
    const float *s = tile + i * NR;
    if (contiguous) {
      float *d = c + t->col[j0];
      for (int v = 0; v < NV; v++) {
        vf x = load(s + v * VW);
        if (!first) x += load(d + v * VW);
        if (finish) {
          if (t->flags & BIAS_ROW) x += splat(t->bias[i0 + i]);
          if (t->flags & BIAS_COLUMN) x += load(t->bias + j0 + v * VW);
          if (t->flags & CLAMP) x = vmin(vmax(x, splat(t->lo)), splat(t->hi));
        }
        store(d + v * VW, x);
      }
    } else {
      for (int j = 0; j < cols; j++) {
        float *d = c + t->col[j0 + j];
        float x = s[j];
        if (!first) x += *d;
        if (finish) {
          if (t->flags & BIAS_ROW) x += t->bias[i0 + i];
          if (t->flags & BIAS_COLUMN) x += t->bias[j0 + j];
          if (t->flags & CLAMP) {
            x = x > t->lo ? x : t->lo;
            x = x < t->hi ? x : t->hi;
          }
        }
        *d = x;
      }
    }
  }
}

typedef struct {
  const float *base;
  const int32_t *lane, *depth;
  int rising;
} operand;

static void pack(const operand *x, int from, int valid, int width, int k0, int kc, float *dst) {
  engine_pack(x->base, x->lane + from, valid, width, x->depth + k0, x->rising, kc, dst);
}

static int at_most(int x, int limit) { return x < limit ? x : limit; }

/* Whether each vector of a panel lies side by side, and then where. */
static int find_vectors(const operand *x, int from, int valid, const float **at) {
  if (valid < NR) return 0;
  for (int v = 0; v < NV; v++) {
    const int32_t *lane = x->lane + from + v * VW;
    if (lane[VW - 1] - lane[0] != VW - 1) return 0;
    at[v] = x->base + lane[0];
  }
  return 1;
}

/* Depths of at most KC and about equal. */
static int block_depth(int depth) {
  int blocks = (depth + KC - 1) / KC;
  return ((depth + blocks - 1) / blocks + VW - 1) / VW * VW;
}

/* All of A's rows fit packed: each panel of B meets them all, and C is written once. */
static void rows_resident(const operand *a, const operand *b, const target *t, int i0, int mc, int n, int depth, float *work) {
  int kb = block_depth(depth), rows = (mc + MR - 1) / MR * MR;
  float *packed_a = work, *packed_b = work + A_FLOATS, *tiles = packed_b + KC * NR;
  for (int k0 = 0; k0 < depth; k0 += kb)
    for (int i = 0, kc = at_most(depth - k0, kb); i < mc; i += MR)
      pack(a, i0 + i, at_most(mc - i, MR), MR, k0, kc, packed_a + k0 * rows + i * kc);
  for (int j = 0; j < n; j += NR) {
    int cols = at_most(n - j, NR);
    const float *vectors[NV];
    int in_place = mc <= IN_PLACE_ROWS && find_vectors(b, j, cols, vectors);
    for (int k0 = 0; k0 < depth; k0 += kb) {
      int kc = at_most(depth - k0, kb);
      if (!in_place) pack(b, j, cols, NR, k0, kc, packed_b);
      for (int i = 0; i < mc; i += MR) {
        const float *rows_a = packed_a + k0 * rows + i * kc;
        if (in_place) micro_in_place(kc, rows_a, vectors, b->depth + k0, tiles + i * NR, k0 == 0);
        else micro(kc, rows_a, packed_b, tiles + i * NR, k0 == 0);
      }
    }
    put(t, i0, mc, j, cols, tiles, !(t->flags & ACCUMULATE), 1);
  }
}

/* Deep products: blocks of the depth one after the other, C accumulates. */
static void depth_blocked(const operand *a, const operand *b, const target *t, int i0, int mc, int n, int depth, float *work) {
  float *packed_a = work, *packed_b = work + A_FLOATS, *tile = packed_b + KC * NR;
  int kb = block_depth(depth);
  for (int k0 = 0; k0 < depth; k0 += kb) {
    int kc = at_most(depth - k0, kb), first = k0 == 0 && !(t->flags & ACCUMULATE), last = k0 + kc == depth;
    for (int i = 0; i < mc; i += MR) pack(a, i0 + i, at_most(mc - i, MR), MR, k0, kc, packed_a + i * kc);
    for (int j = 0; j < n; j += NR) {
      int cols = at_most(n - j, NR);
      pack(b, j, cols, NR, k0, kc, packed_b);
      for (int i = 0; i < mc; i += MR) {
        micro(kc, packed_a + i * kc, packed_b, tile, 1);
        put(t, i0 + i, at_most(mc - i, MR), j, cols, tile, first, last);
      }
    }
  }
}

/* m n k | a rowA colA | b rowB colB | c rowC colC | flags bias lo hi */
void k_gemm(const env_t *e, const word *w) {
  int m = w[0], n = w[1], depth = w[2];
  operand a = {floats(e, w[3]), ints(e, w[4]), ints(e, w[5]), 0}, b = {floats(e, w[6]), ints(e, w[8]), ints(e, w[7]), 0};
  target t = {floats(e, w[9]), ints(e, w[10]), ints(e, w[11]), floats(e, w[13]), w[12], as_float(w[14]), as_float(w[15])};
  a.rising = engine_rising(a.depth, depth);
  b.rising = engine_rising(b.depth, depth);
  for (int i0 = 0; i0 < m; i0 += MC) {
    int mc = at_most(m - i0, MC);
    if ((int64_t)(mc + MR - 1) / MR * MR * depth <= A_FLOATS) rows_resident(&a, &b, &t, i0, mc, n, depth, e->workspace);
    else depth_blocked(&a, &b, &t, i0, mc, n, depth, e->workspace);
  }
}
