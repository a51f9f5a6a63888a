/**
 * The three products of a convolution big [N,C,H,W] -> small [N,M,P,Q] with weights [M, C/group, kh, kw], as indirect matrix products on
 * zero-padded planes: forward (big -> small), input gradient (small -> big, also the forward of ConvTranspose), weight gradient.
 * 1-D convolutions have H = kh = 1.
 *
 * The input gradient of a strided convolution splits into sh*sw phases of the input grid; within one phase every input position meets the
 * same taps, so each phase is a stride-1 product and no zero is multiplied.
 */
import { bits } from '../kernels.ts';
import type { Builder } from './builder.ts';

export interface ConvGeometry {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly m: number;
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly dh: number;
  readonly dw: number;
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  readonly group: number;
}

export interface Epilogue {
  /** Offset, 0 = none. */
  readonly bias: number;
  readonly clamp: { readonly min: number; readonly max: number } | undefined;
}

/** A zero-padded copy of [n, c, h, w] planes. */
export interface Plane {
  readonly offset: number;
  readonly h: number;
  readonly w: number;
}

const ACCUMULATE = 1;
const BIAS_ROW = 2;
const CLAMP = 8;

export function isDepthwise(g: ConvGeometry): boolean {
  return g.group > 1 && g.group === g.c && g.m === g.c;
}

/** The padded input; the same buffer serves forward and weight gradient. */
export function emitPadded(b: Builder, g: ConvGeometry, x: number): Plane {
  const h = g.h + g.top + g.bottom;
  const w = g.w + g.left + g.right;
  if (h === g.h && w === g.w) return { offset: x, h, w };
  const offset = b.arena.allocate(g.n * g.c * h * w);
  b.emit('frame', x, offset, g.n * g.c, g.h, g.w, h, w, g.top * w + g.left, 1, 1);
  return { offset, h, w };
}

function tapTable(b: Builder, g: ConvGeometry, plane: Plane): number {
  const channels = isDepthwise(g) ? 1 : g.c / g.group;
  const key = `taps ${[channels, plane.h, plane.w, g.kh, g.kw, g.dh, g.dw].join()}`;
  return b.table(key, () => {
    const table = new Int32Array(channels * g.kh * g.kw);
    let at = 0;
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < g.kh; y++) {
        for (let x = 0; x < g.kw; x++) table[at++] = c * plane.h * plane.w + y * g.dh * plane.w + x * g.dw;
      }
    }
    return table;
  });
}

/** Offsets of (n, row, column) positions: n * sample + row * rowStride + column * columnStride. */
function positions(
  b: Builder,
  n: number,
  sample: number,
  rows: number,
  rowStride: number,
  columns: number,
  columnStride: number,
): number {
  const key = `positions ${[n, sample, rows, rowStride, columns, columnStride].join()}`;
  return b.table(key, () => {
    const table = new Int32Array(n * rows * columns);
    let at = 0;
    for (let i = 0; i < n; i++) {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) table[at++] = i * sample + y * rowStride + x * columnStride;
      }
    }
    return table;
  });
}

/** small = clamp(conv(big) + bias) from the padded input. */
export function emitForward(b: Builder, g: ConvGeometry, plane: Plane, w: number, y: number, end: Epilogue): void {
  const size = plane.h * plane.w;
  const lo = bits(end.clamp?.min ?? 0);
  const hi = bits(end.clamp?.max ?? 0);
  if (isDepthwise(g)) {
    const flags = (end.bias === 0 ? 0 : 1) | (end.clamp === undefined ? 0 : 2);
    const scratch = b.arena.allocate(g.oh * plane.w);
    const taps = tapTable(b, g, plane);
    const window = [size, plane.w, g.kh * g.kw, taps, g.oh, g.ow, g.sh, g.sw];
    b.emit('depthwise', plane.offset, w, end.bias, y, g.n, g.c, 1, ...window, flags, lo, hi, scratch, 0);
    b.arena.release(scratch);
    return;
  }
  const cg = g.c / g.group;
  const mg = g.m / g.group;
  const depth = cg * g.kh * g.kw;
  const out = g.oh * g.ow;
  const taps = tapTable(b, g, plane);
  const places = positions(b, g.n, g.c * size, g.oh, g.sh * plane.w, g.ow, g.sw);
  const flags = (end.bias === 0 ? 0 : BIAS_ROW) | (end.clamp === undefined ? 0 : CLAMP);
  for (let i = 0; i < g.group; i++) {
    const weights = [w + 4 * i * mg * depth, b.range(mg, depth), b.range(depth, 1)];
    const patches = [plane.offset + 4 * i * cg * size, taps, places];
    const target = [y + 4 * i * mg * out, b.range(mg, out), b.grid(g.n, g.m * out, out, 1)];
    b.emit('gemm', mg, g.n * out, depth, ...weights, ...patches, ...target, flags, end.bias + 4 * i * mg, lo, hi);
  }
}

/** dw (+)= sum over samples and positions of small-gradient times patches. */
export function emitWeightGradient(
  b: Builder,
  g: ConvGeometry,
  plane: Plane,
  dy: number,
  dw: number,
  accumulate: 0 | 1,
): void {
  const size = plane.h * plane.w;
  const taps = tapTable(b, g, plane);
  if (isDepthwise(g)) {
    if (accumulate === 0) b.emit('fill', dw, g.m * g.kh * g.kw, 0);
    const window = [size, plane.w, g.kh * g.kw, taps, g.oh, g.ow, g.sh, g.sw];
    const scratch = b.arena.allocate(g.oh * plane.w);
    b.emit('depthwise_weights', plane.offset, dy, dw, g.n, g.c, 1, ...window, scratch);
    b.arena.release(scratch);
    return;
  }
  const cg = g.c / g.group;
  const mg = g.m / g.group;
  const depth = cg * g.kh * g.kw;
  const out = g.oh * g.ow;
  const places = positions(b, g.n, g.c * size, g.oh, g.sh * plane.w, g.ow, g.sw);
  for (let i = 0; i < g.group; i++) {
    const errors = [dy + 4 * i * mg * out, b.range(mg, out), b.grid(g.n, g.m * out, out, 1)];
    const patches = [plane.offset + 4 * i * cg * size, places, taps];
    const target = [dw + 4 * i * mg * depth, b.range(mg, depth), b.range(depth, 1)];
    b.emit('gemm', mg, depth, g.n * out, ...errors, ...patches, ...target, accumulate, 0, 0, 0);
  }
}

interface Phase {
  /** First position of the phase on the input axis, and how many there are. */
  readonly start: number;
  readonly count: number;
  /** Kernel index and the shift of the output index, for each tap that meets the phase. */
  readonly taps: readonly { readonly k: number; readonly shift: number }[];
}

/** Splits one axis of the input into phases of its stride. */
export function axisPhases(size: number, kernel: number, stride: number, dilation: number, pad: number): Phase[] {
  const phases: Phase[] = [];
  for (let start = 0; start < Math.min(stride, size); start++) {
    const taps: { k: number; shift: number }[] = [];
    for (let k = 0; k < kernel; k++) {
      const at = start + pad - k * dilation;
      if (((at % stride) + stride) % stride === 0) taps.push({ k, shift: at / stride });
    }
    phases.push({ start, count: Math.ceil((size - start) / stride), taps });
  }
  return phases;
}

/** Zeros needed before and after the output axis so that every tap of every phase stays inside. */
function margins(phases: readonly Phase[], size: number): readonly [number, number] {
  let low = 0;
  let high = 0;
  for (const phase of phases) {
    for (const { shift } of phase.taps) {
      low = Math.max(low, -shift);
      high = Math.max(high, shift + phase.count - size);
    }
  }
  return [low, high];
}

/** big (+)= adjoint of the convolution applied to small. */
export function emitInputGradient(
  b: Builder,
  g: ConvGeometry,
  w: number,
  dy: number,
  dx: number,
  accumulate: 0 | 1,
): void {
  if (isDepthwise(g)) {
    emitDepthwiseInputGradient(b, g, w, dy, dx, accumulate);
    return;
  }
  const rows = axisPhases(g.h, g.kh, g.sh, g.dh, g.top);
  const columns = axisPhases(g.w, g.kw, g.sw, g.dw, g.left);
  const [top, bottom] = margins(rows, g.oh);
  const [left, right] = margins(columns, g.ow);
  const frame = { ...g, c: g.m, h: g.oh, w: g.ow, top, bottom, left, right };
  const plane = emitPadded(b, frame, dy);
  if (accumulate === 0 && [...rows, ...columns].some((phase) => phase.taps.length === 0)) {
    b.emit('fill', dx, g.n * g.c * g.h * g.w, 0);
  }
  for (const row of rows) {
    for (const column of columns) emitPhase(b, g, plane, row, column, top, left, w, dx, accumulate);
  }
  if (plane.offset !== dy) b.arena.release(plane.offset);
}

function emitPhase(
  b: Builder,
  g: ConvGeometry,
  plane: Plane,
  row: Phase,
  column: Phase,
  top: number,
  left: number,
  w: number,
  dx: number,
  accumulate: 0 | 1,
): void {
  const cg = g.c / g.group;
  const mg = g.m / g.group;
  const size = plane.h * plane.w;
  const taps = row.taps.flatMap((y) => column.taps.map((x) => ({ y, x })));
  const depth = mg * taps.length;
  if (depth === 0) return;
  const key = [
    mg,
    cg,
    g.kh,
    g.kw,
    size,
    plane.w,
    top,
    left,
    ...taps.flatMap(({ y, x }) => [y.k, y.shift, x.k, x.shift]),
  ].join();
  const kernel = b.table(`phase weights ${key}`, () =>
    Int32Array.from({ length: depth }, (_, i) => {
      const { y, x } = taps[i % taps.length];
      return Math.floor(i / taps.length) * cg * g.kh * g.kw + y.k * g.kw + x.k;
    }),
  );
  const sources = b.table(`phase sources ${key}`, () =>
    Int32Array.from({ length: depth }, (_, i) => {
      const { y, x } = taps[i % taps.length];
      return Math.floor(i / taps.length) * size + (y.shift + top) * plane.w + x.shift + left;
    }),
  );
  const from = positions(b, g.n, g.m * size, row.count, plane.w, column.count, 1);
  const to = positions(b, g.n, g.c * g.h * g.w, row.count, g.sh * g.w, column.count, g.sw);
  const corner = row.start * g.w + column.start;
  for (let i = 0; i < g.group; i++) {
    const weights = [w + 4 * i * mg * cg * g.kh * g.kw, b.range(cg, g.kh * g.kw), kernel];
    const errors = [plane.offset + 4 * i * mg * size, sources, from];
    const target = [dx + 4 * (i * cg * g.h * g.w + corner), b.range(cg, g.h * g.w), to];
    const count = g.n * row.count * column.count;
    b.emit('gemm', cg, count, depth, ...weights, ...errors, ...target, accumulate === 1 ? ACCUMULATE : 0, 0, 0, 0);
  }
}

/** The errors, spread by the stride onto a zero plane, meet the mirrored kernel at stride 1. */
function emitDepthwiseInputGradient(
  b: Builder,
  g: ConvGeometry,
  w: number,
  dy: number,
  dx: number,
  accumulate: 0 | 1,
): void {
  const firstRow = Math.min(0, g.top - (g.kh - 1) * g.dh);
  const firstColumn = Math.min(0, g.left - (g.kw - 1) * g.dw);
  const h = Math.max(g.h - 1 + g.top, g.sh * (g.oh - 1)) - firstRow + 1;
  const width = Math.max(g.w - 1 + g.left, g.sw * (g.ow - 1)) - firstColumn + 1;
  const plane = b.arena.allocate(g.n * g.c * h * width);
  const corner = -firstRow * width - firstColumn;
  b.emit('frame', dy, plane, g.n * g.c, g.oh, g.ow, h, width, corner, g.sh, g.sw);
  const key = `mirrored ${[g.kh, g.kw, g.dh, g.dw, g.top, g.left, firstRow, firstColumn, width].join()}`;
  const taps = b.table(key, () =>
    Int32Array.from({ length: g.kh * g.kw }, (_, t) => {
      const y = g.top - Math.floor(t / g.kw) * g.dh - firstRow;
      const x = g.left - (t % g.kw) * g.dw - firstColumn;
      return y * width + x;
    }),
  );
  const scratch = b.arena.allocate(g.h * width);
  const window = [h * width, width, g.kh * g.kw, taps, g.h, g.w, 1, 1];
  b.emit('depthwise', plane, w, 0, dx, g.n, g.c, 1, ...window, 0, 0, 0, scratch, accumulate);
  b.arena.release(scratch);
  b.arena.release(plane);
}
