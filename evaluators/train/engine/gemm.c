/*
 * Indirect matrix product: C(i,j) = clamp(sum_k A(i,k) B(k,j) + bias), where element (r,c) of an operand lies at
 * base[row[r] + col[c]]. With tables of offsets one kernel serves dense layers in any transposition and, on zero-padded planes,
 * convolutions forward (B = patches), their weight gradient and their input gradient, without an im2col buffer.
 *
 * Blocking after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (TOMS 34, 2008): A is packed in MC x KC
 * blocks, B in KC x NR panels; the register block is MR x NR. The sum runs over k in order, KC at a time: the result does not depend
 * on anything but the operands.
 */
#include "engine.h"

enum { ACCUMULATE = 1, BIAS_ROW = 2, BIAS_COLUMN = 4, CLAMP = 8 };

/* Number of lanes from the first that lie side by side; 0 when what follows them does not lie side by side either. */
static int first_run(const int32_t *lane, int count) {
  int s = 1;
  while (s < count && lane[s] - lane[s - 1] == 1) s++;
  return s == count || lane[count - 1] - lane[s] == count - 1 - s ? s : 0;
}

/* dst[k * NR + r] = p[lane[r] + depth[k]] for r < VW, for lanes in one run or two (a patch row that ends inside the vector). */
static void pack_runs(const float *p, const int32_t *lane, int run, const int32_t *depth, int kc, float *dst) {
  const float *q = p + lane[0];
  if (run == VW) {
    for (int k = 0; k < kc; k++) store(dst + k * NR, load(q + depth[k]));
    return;
  }
  /* Reads a few floats beyond either run; the host leaves slack around every block. */
  const float *z = p + lane[run] - run;
  vi chosen;
  for (int r = 0; r < VW; r++) chosen[r] = r < run ? -1 : 0;
  for (int k = 0; k < kc; k++) {
    vi first = (vi)load(q + depth[k]), second = (vi)load(z + depth[k]);
    store(dst + k * NR, (vf)((first & chosen) | (second & ~chosen)));
  }
}

/* dst[k * width + r] = p[lane[r] + depth[k]] for r < valid, 0 beyond. */
static void pack_lanes(const float *p, const int32_t *lane, const int32_t *depth, int valid, int width, int kc, float *dst) {
  int r = 0;
  for (; r + 4 <= valid; r += 4) {
    const float *q0 = p + lane[r], *q1 = p + lane[r + 1], *q2 = p + lane[r + 2], *q3 = p + lane[r + 3];
    float *d = dst + r;
    for (int k = 0; k < kc; k++) {
      int32_t o = depth[k];
      d[0] = q0[o];
      d[1] = q1[o];
      d[2] = q2[o];
      d[3] = q3[o];
      d += width;
    }
  }
  for (; r < valid; r++) {
    const float *q = p + lane[r];
    for (int k = 0; k < kc; k++) dst[k * width + r] = q[depth[k]];
  }
}

static void pack_a(const float *p, const int32_t *lane, const int32_t *depth, int valid, int kc, float *dst) {
  if (valid < MR)
    for (int i = 0; i < kc * MR; i++) dst[i] = 0;
  pack_lanes(p, lane, depth, valid, MR, kc, dst);
}

static void pack_b(const float *p, const int32_t *lane, const int32_t *depth, int valid, int kc, float *dst) {
  if (valid < NR) {
    for (int i = 0; i < kc * NR; i++) dst[i] = 0;
    pack_lanes(p, lane, depth, valid, NR, kc, dst);
    return;
  }
  for (int v = 0; v < NR; v += VW) {
    int run = first_run(lane + v, VW);
    if (run) pack_runs(p, lane + v, run, depth, kc, dst + v);
    else pack_lanes(p, lane + v, depth, VW, NR, kc, dst + v);
  }
}

/* Not inlined: alone, V8 keeps every accumulator in a register. */
static __attribute__((noinline)) void micro(int kc, const float *a, const float *b, float *tile) {
  vf c[MR][NV] = {{{0}}};
  const float *end = a + kc * MR;
  do {
    vf bv[NV], av[MR];
    for (int v = 0; v < NV; v++) bv[v] = load(b + v * VW);
    for (int i = 0; i < MR; i++) av[i] = splat(a[i]);
    for (int i = 0; i < MR; i++)
      for (int v = 0; v < NV; v++) c[i][v] += av[i] * bv[v];
    a += MR;
    b += NR;
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

/* m n k | a rowA colA | b rowB colB | c rowC colC | flags bias lo hi */
void k_gemm(const env_t *e, const word *a) {
  int m = a[0], n = a[1], depth = a[2];
  const float *pa = floats(e, a[3]), *pb = floats(e, a[6]);
  const int32_t *row_a = ints(e, a[4]), *col_a = ints(e, a[5]), *row_b = ints(e, a[7]), *col_b = ints(e, a[8]);
  target t = {floats(e, a[9]), ints(e, a[10]), ints(e, a[11]), floats(e, a[13]), a[12], as_float(a[14]), as_float(a[15])};
  float *packed_a = e->workspace, *packed_b = packed_a + (MC + MR) * KC;
  float tile[MR * NR] __attribute__((aligned(64)));
  for (int k0 = 0; k0 < depth; k0 += KC) {
    int kc = depth - k0 < KC ? depth - k0 : KC;
    int first = k0 == 0 && !(t.flags & ACCUMULATE), last = k0 + kc == depth;
    for (int i0 = 0; i0 < m; i0 += MC) {
      int mc = m - i0 < MC ? m - i0 : MC;
      for (int i = 0; i < mc; i += MR)
        pack_a(pa, row_a + i0 + i, col_a + k0, mc - i < MR ? mc - i : MR, kc, packed_a + i * kc);
      for (int j = 0; j < n; j += NR) {
        int cols = n - j < NR ? n - j : NR;
        pack_b(pb, col_b + j, row_b + k0, cols, kc, packed_b);
        for (int i = 0; i < mc; i += MR) {
          micro(kc, packed_a + i * kc, packed_b, tile);
          put(&t, i0 + i, mc - i < MR ? mc - i : MR, j, cols, tile, first, last);
        }
      }
    }
  }
}
