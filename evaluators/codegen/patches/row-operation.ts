/**
 * Calls that can compute some rows of their result alone: windows over images (channels last, so that rows are contiguous), 1×1 windows over
 * one long row of pixels, element-wise kernels. A part of a call is the same call with another window or count and pointers further on.
 */
import { depthwiseSwarScratchBytes } from '../kernels/call-swar-depthwise.ts';
import { planeScratchBytes, walksByColumns } from '../kernels/depthwise-planes.ts';
import type { WindowFields } from '../lower/window.ts';
import type { Argument, FieldValue, Step } from '../program.ts';

/** Rows [from, to). */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

export const rowCount = ({ from, to }: Rows): number => to - from;

export interface RowOperation {
  readonly step: Step;
  /** Positions in `args` of the operands that are read by rows, and of the result. */
  readonly operands: readonly number[];
  readonly result: number;
  /** Rows of operand and result; undefined where any number will do as long as both have the same. */
  readonly rowsIn: number | undefined;
  readonly rowsOut: number | undefined;
  /** Operand rows that these rows of the result need, within an image of `height` rows. */
  readonly needed: (rows: Rows, height: number) => Rows;
  /** The call for these rows of `height`; pointers are the caller's business. Undefined when the kernel cannot. */
  readonly part: (rows: Rows, height: number) => Step | undefined;
}

type Fields = Readonly<Record<string, FieldValue>>;

const WINDOW_KERNELS: ReadonlySet<string> = new Set([
  'dnnrt_average_pool2d_f32',
  'dnnrt_average_pool2d_s8',
  'dnnrt_conv2d_affine_s8_dsp',
  'dnnrt_conv2d_encoded_f32',
  'dnnrt_conv2d_encoded_s8',
  'dnnrt_conv2d_f32',
  'dnnrt_conv2d_f32_fpu',
  'dnnrt_conv2d_s16_dsp',
  'dnnrt_conv2d_s4_pairs_swar',
  'dnnrt_conv2d_s4_swar',
  'dnnrt_conv2d_s8',
  'dnnrt_conv2d_s8_dsp',
  'dnnrt_conv2d_s8_swar',
  'dnnrt_depthwise2d_f32',
  'dnnrt_depthwise2d_s8',
  'dnnrt_depthwise2d_s8_dsp',
  'dnnrt_depthwise2d_s8_swar',
  'dnnrt_depthwise2d_taps_s8_dsp',
  'dnnrt_max_pool2d_f32',
  'dnnrt_max_pool2d_s8',
]);

/** Depthwise kernels that may walk by columns. */
const IN_PLANES: ReadonlySet<string> = new Set(['dnnrt_depthwise2d_s8_dsp', 'dnnrt_depthwise2d_taps_s8_dsp']);

/** Structures whose member n counts elements that do not depend on each other. */
const COUNTED: ReadonlySet<string> = new Set(['dnnrt_add_s8_t', 'dnnrt_mul_s8_t', 'dnnrt_affine_s8_t', 'dnnrt_map_t']);

/** Kernels whose first argument counts such elements. */
const COUNTED_KERNELS: ReadonlySet<string> = new Set(['dnnrt_clamp_f32', 'dnnrt_flip_sign_8', 'dnnrt_lut_s8']);

interface Axis {
  readonly in: 'in_h' | 'in_w';
  readonly out: 'out_h' | 'out_w';
  readonly kernel: 'kernel_h' | 'kernel_w';
  readonly stride: 'stride_h' | 'stride_w';
  readonly dilation: 'dilation_h' | 'dilation_w';
  readonly pad: 'pad_top' | 'pad_left';
}

const ROWS: Axis = {
  in: 'in_h',
  out: 'out_h',
  kernel: 'kernel_h',
  stride: 'stride_h',
  dilation: 'dilation_h',
  pad: 'pad_top',
};
const COLUMNS: Axis = {
  in: 'in_w',
  out: 'out_w',
  kernel: 'kernel_w',
  stride: 'stride_w',
  dilation: 'dilation_w',
  pad: 'pad_left',
};

/** Undefined when the kernel computes everything or nothing, or changes the buffer that it reads: that has the rows of all patches then. */
export function rowOperation(step: Step): RowOperation | undefined {
  if (step.reads.some((id) => step.writes.includes(id))) return undefined;
  if (WINDOW_KERNELS.has(step.kernel)) return windowOperation(step);
  return elementOperation(step);
}

function windowOperation(step: Step): RowOperation | undefined {
  const { params } = step;
  const window = windowOf(step);
  const [x, y] = step.args;
  if (params === undefined || window === undefined || window.batch !== 1) return undefined;
  if (step.reads.length !== 1 || !isBuffer(x) || !isBuffer(y)) return undefined;
  const withWindow = (changed: WindowFields): Step => {
    const fields = 'window' in params.fields ? { ...params.fields, window: { fields: changed } } : { ...changed };
    return { ...step, params: { struct: params.struct, fields: fields as Fields } };
  };
  const common = { step, operands: [0], result: 1 };
  if (
    window.in_h === 1 &&
    window.out_h === 1 &&
    window.kernel_h * window.kernel_w === 1 &&
    window.in_w === window.out_w
  ) {
    const part = (rows: Rows, height: number) => {
      const pixels = (window.in_w / height) * rowCount(rows);
      return Number.isInteger(pixels) ? withWindow({ ...window, in_w: pixels, out_w: pixels }) : undefined;
    };
    return { ...common, rowsIn: undefined, rowsOut: undefined, needed: (rows) => rows, part };
  }
  // A signal is one row of an image: its columns take the part of rows.
  const axis = window.in_h === 1 && window.out_h === 1 && window.kernel_h === 1 ? COLUMNS : ROWS;
  const [size, made, taps] = [window[axis.in], window[axis.out], window[axis.kernel]];
  const [stride, dilation, pad] = [window[axis.stride], window[axis.dilation], window[axis.pad]];
  const needed = ({ from, to }: Rows): Rows => {
    const last = (to - 1) * stride - pad + (taps - 1) * dilation;
    return { from: Math.max(0, from * stride - pad), to: Math.min(size, last + 1) };
  };
  const part = (rows: Rows) => {
    const read = needed(rows);
    if (rowCount(read) < 1) return undefined;
    const before = read.from - (rows.from * stride - pad);
    const changed = { ...window, [axis.in]: rowCount(read), [axis.out]: rowCount(rows), [axis.pad]: before };
    // Its weights are packed for the direction in which it walks.
    const turns = IN_PLANES.has(step.kernel) && walksByColumns(changed) !== walksByColumns(window);
    return turns ? undefined : withWindow(changed);
  };
  return { ...common, rowsIn: size, rowsOut: made, needed, part };
}

function elementOperation(step: Step): RowOperation | undefined {
  const buffers = step.args.flatMap((argument, position) => (isBuffer(argument) ? [position] : []));
  const result = buffers.at(-1);
  const count = elementsOf(step);
  if (result === undefined || count === undefined || step.writes.length !== 1) return undefined;
  if (buffers.length !== step.reads.length + 1) return undefined;
  const part = (rows: Rows, height: number) => {
    const elements = (count.elements / height) * rowCount(rows);
    return Number.isInteger(elements) ? count.with(elements) : undefined;
  };
  const operands = buffers.slice(0, -1);
  return { step, operands, result, rowsIn: undefined, rowsOut: undefined, needed: (rows) => rows, part };
}

interface Count {
  readonly elements: number;
  readonly with: (elements: number) => Step;
}

function elementsOf(step: Step): Count | undefined {
  const { params, args } = step;
  const [first, ...others] = args;
  if (params === undefined) {
    if (!COUNTED_KERNELS.has(step.kernel) || first?.kind !== 'integer') return undefined;
    return { elements: first.value, with: (value) => ({ ...step, args: [{ kind: 'integer', value }, ...others] }) };
  }
  const changed = (fields: Fields): Step => ({
    ...step,
    params: { struct: params.struct, fields: { ...params.fields, ...fields } },
  });
  const { n, rank, shape, a_stride: a, b_stride: b } = params.fields;
  if (COUNTED.has(params.struct) && typeof n === 'number')
    return { elements: n, with: (elements) => changed({ n: elements }) };
  if (params.struct !== 'dnnrt_broadcast_t' || rank !== 1 || !isList(shape) || !isList(a) || !isList(b))
    return undefined;
  if (a[0] !== 1 || b[0] !== 1) return undefined;
  return { elements: shape[0], with: (elements) => changed({ shape: [elements, ...shape.slice(1)] }) };
}

function isList(value: FieldValue | undefined): value is readonly number[] {
  return Array.isArray(value);
}

function isBuffer(argument: Argument | undefined): argument is Argument & { readonly kind: 'buffer' } {
  return argument?.kind === 'buffer';
}

export function windowOf({ params }: Step): WindowFields | undefined {
  if (params === undefined) return undefined;
  const value = params.struct === 'dnnrt_window_t' ? { fields: params.fields } : params.fields['window'];
  if (value === null || typeof value !== 'object' || !('fields' in value)) return undefined;
  // Lowering fills every member with a number.
  return value.fields as unknown as WindowFields;
}

/** Equal for calls that differ in pointers only. */
export function callKey({ id, kernel, params, args }: Step): string {
  const counts = args.map((argument) => (argument.kind === 'integer' ? argument.value : ''));
  return JSON.stringify([id, kernel, params?.fields, counts]);
}

/** Bytes of working memory that the call needs at least; undefined when it is not less than for the whole image. */
export function partScratchBytes(step: Step): number | undefined {
  const window = windowOf(step);
  if (window === undefined) return undefined;
  if (IN_PLANES.has(step.kernel)) return planeScratchBytes(window);
  if (step.kernel === 'dnnrt_depthwise2d_s8_swar') return depthwiseSwarScratchBytes(window);
  return undefined;
}
