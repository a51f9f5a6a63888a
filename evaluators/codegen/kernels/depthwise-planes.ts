/**
 * The planes that depthwise kernels with dual 16-bit multiply-accumulate walk over (runtime-c, dnnrt_planes_dsp.h): strips of output rows, or
 * the whole of a narrow high image by columns; words hold two neighbours of a channel.
 */
import type { WindowFields } from '../lower/window.ts';

/** Rows of output that are gathered at once at least. */
const STRIP = 8;

/** Planes of so many bytes may take more rows. */
const SMALL_PLANES = 1024;

const PAIR_BYTES = 8;

/** Narrow high images are walked by columns: one strip takes them all. */
export function walksByColumns(window: WindowFields): boolean {
  return window.in_h > window.in_w && window.out_w <= STRIP;
}

/** The kernel as it is walked over. */
export interface PlaneKernel {
  readonly turned: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly rowDilation: number;
  readonly columnDilation: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

export function planeKernel(window: WindowFields): PlaneKernel {
  const turned = walksByColumns(window);
  const high = { size: window.kernel_h, dilation: window.dilation_h, stride: window.stride_h };
  const wide = { size: window.kernel_w, dilation: window.dilation_w, stride: window.stride_w };
  const [row, column] = turned ? [wide, high] : [high, wide];
  return {
    turned,
    rows: row.size,
    columns: column.size,
    rowDilation: row.size === 1 ? 1 : row.dilation,
    columnDilation: column.size === 1 ? 1 : column.dilation,
    rowStride: row.stride,
    columnStride: column.stride,
  };
}

/** The kernel that has its own routine. */
export function isThreeByThree(window: WindowFields): boolean {
  const { rows, columns, rowDilation, columnDilation, rowStride, columnStride } = planeKernel(window);
  return rows === 3 && columns === 3 && rowDilation === 1 && columnDilation === 1 && rowStride === columnStride;
}

/** Words of a row of a kernel of any size, two weights each, those between the weights of a dilated one included. */
export function rowWords({ columns, columnDilation }: PlaneKernel): number {
  return Math.ceil(((columns - 1) * columnDilation + 1) / 2);
}

/** Outputs of a row: sixes, of which the last may lack up to three, then one or two. */
export function outputsOfRow(out: number): { readonly sixes: number; readonly rest: number } {
  const sixes = Math.floor((out + 3) / 6);
  return { sixes, rest: out - 6 * sixes };
}

/** Bytes of a row of two planes: borders and image, or what the last outputs read. */
function pitch(window: WindowFields, before: number, columns: number, out: number): number {
  const kernel = planeKernel(window);
  const { sixes, rest } = outputsOfRow(out);
  const own = isThreeByThree(window);
  const reach = own ? 2 : rowWords(kernel) + (kernel.columnStride === 1 ? 1 : 0);
  const read = kernel.columnStride * (3 * sixes + (rest > 0 ? 1 : 0)) + reach - 1;
  return PAIR_BYTES * Math.max(Math.ceil((before + columns) / 2), read);
}

function rowsUnder({ rows, rowDilation, rowStride }: PlaneKernel, out: number): number {
  return (out - 1) * rowStride + (rows - 1) * rowDilation + 1;
}

/** Rows of output of a strip. */
export function planeStrip(window: WindowFields): number {
  if (walksByColumns(window)) return window.out_h;
  const kernel = planeKernel(window);
  const high = Math.floor(SMALL_PLANES / pitch(window, window.pad_left, window.in_w, window.out_w));
  return Math.max(STRIP, Math.trunc((high - rowsUnder(kernel, 1)) / kernel.rowStride) + 1);
}

/** Whether the last of the columns is computed apart, so that the planes have no border behind it. */
export function lastApart(window: WindowFields): boolean {
  const { in_w: width, out_w: made } = window;
  const isSame = isThreeByThree(window) && window.stride_w === 1 && window.pad_left === 1 && width === made;
  return walksByColumns(window) && isSame && made > 1 && made % 2 === 1;
}

/** Rows and bytes of a row of the planes of a strip of `made` output rows that takes `taken` rows of the image behind `before` of the border. */
export function planeSize(window: WindowFields, made: number, before: number, taken: number) {
  const kernel = planeKernel(window);
  const strip = { before, in: taken, out: made };
  const columns = { before: window.pad_left, in: window.in_w, out: window.out_w };
  const [wide, high] = kernel.turned ? [strip, window.out_w - (lastApart(window) ? 1 : 0)] : [columns, made];
  return { rows: rowsUnder(kernel, high), rowBytes: pitch(window, wide.before, wide.in, wide.out) };
}

/** Working memory: two planes of the largest strip. */
export function planeScratchBytes(window: WindowFields): number {
  const strip = Math.min(planeStrip(window), window.out_h);
  const taken = (strip - 1) * window.stride_h + (window.kernel_h - 1) * window.dilation_h + 1;
  // Borders of a strip are part of what it takes.
  const { rows, rowBytes } = planeSize(window, strip, 0, Math.min(taken, window.pad_top + window.in_h));
  return rows * rowBytes;
}
