/**
 * How far ahead of its input a kernel may write its output. Kernels go through output positions in row-major order, all channels of a
 * position one after the other; input that no later position needs may be overwritten. With the output `distance` bytes below the
 * input, position p is written to bytes [p·oc - distance, (p+1)·oc - distance) of the input, so
 *
 *   distance = max over p of (end of what is written up to p) - (first input byte that is needed afterwards).
 *
 * The rules state, per kernel, what is read before what is written; a kernel without a rule never overlaps. Tests run every rule
 * against the interpreter on random shapes.
 */
import type { WindowFields } from '../lower/window.ts';
import type { FieldValue, Step } from '../program.ts';
import { planeStrip } from './depthwise-planes.ts';

export interface OverlapRule {
  readonly distanceBytes: number;
  readonly multipleBytes: number;
}

type Fields = Readonly<Record<string, FieldValue>>;

interface Traversal {
  /** Positions whose input is read completely before any of their outputs is written; 0: a position is read while it is written. */
  readonly tile: number;
  /** Positions that are no whole tile at the end are read and written one by one. */
  readonly restApart?: boolean;
  readonly elementBytes: number;
  readonly channels: number;
}

function numberOf(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' ? value : 0;
}

function windowOf({ params }: Step): Fields | undefined {
  if (params === undefined) return undefined;
  if (params.struct === 'dnnrt_window_t') return params.fields;
  const value = params.fields['window'];
  return value !== null && typeof value === 'object' && 'fields' in value ? value.fields : undefined;
}

/** First input pixel (row · width + column) that output positions from p on need, for every p; one more entry for none. */
function firstNeeded(g: Fields): Float64Array {
  const of = (name: string) => numberOf(g, name);
  const [rows, columns] = [of('out_h'), of('out_w')];
  const needed = new Float64Array(rows * columns + 1).fill(Number.POSITIVE_INFINITY);
  for (let p = rows * columns - 1; p >= 0; p--) {
    const row = firstInside(Math.floor(p / columns) * of('stride_h') - of('pad_top'), of('dilation_h'));
    const column = firstInside((p % columns) * of('stride_w') - of('pad_left'), of('dilation_w'));
    needed[p] = Math.min(needed[p + 1], row * of('in_w') + column);
  }
  return needed;
}

function firstInside(start: number, dilation: number): number {
  return start >= 0 ? start : start + Math.ceil(-start / Math.max(1, dilation)) * Math.max(1, dilation);
}

function inOrder(g: Fields, { tile, restApart = false, elementBytes, channels }: Traversal): OverlapRule | undefined {
  if (numberOf(g, 'batch') !== 1) return undefined;
  const needed = firstNeeded(g);
  const positions = needed.length - 1;
  const inBytes = numberOf(g, 'in_c') * elementBytes;
  const outBytes = channels * elementBytes;
  const step = Math.max(1, tile);
  let distance = 0;
  for (let p = 0, written = 0; p < positions; p = written) {
    written = restApart && p + step > positions ? p + 1 : Math.min(p + step, positions);
    const first = needed[tile === 0 ? p : written];
    if (first !== Number.POSITIVE_INFINITY) distance = Math.max(distance, written * outBytes - first * inBytes);
  }
  return { distanceBytes: distance, multipleBytes: 1 };
}

/**
 * Kernels that read a channel of `strip` output rows completely before they write it, channel after channel: at a distance of whole
 * pixels a channel's output only lies on input of the same channel.
 */
function byChannel(g: Fields, strip: number): OverlapRule | undefined {
  if (numberOf(g, 'batch') > 1) return undefined;
  const of = (name: string) => numberOf(g, name);
  let pixels = 0;
  for (let row = strip; row < of('out_h'); row += strip) {
    const next = Math.max(0, row * of('stride_h') - of('pad_top')) * of('in_w');
    pixels = Math.max(pixels, row * of('out_w') - next);
  }
  // The last strip ends at or below the end of the input when the output has no more positions than the input.
  if (of('out_h') * of('out_w') > of('in_h') * of('in_w')) return undefined;
  return { distanceBytes: pixels * of('in_c'), multipleBytes: of('in_c') };
}

const DSP_TILE = 4;
/** The rule of a call whose result may lie under its first operand; undefined when its kernel has none. */
export function overlapRule(step: Step): OverlapRule | undefined {
  const g = windowOf(step);
  const fields = step.params?.fields ?? {};
  if (g === undefined) return undefined;
  const channels = numberOf(fields, 'out_c');
  switch (step.kernel) {
    case 'dnnrt_conv2d_s8':
    case 'dnnrt_depthwise2d_s8':
      return inOrder(g, { tile: 0, elementBytes: 1, channels });
    case 'dnnrt_conv2d_f32':
    case 'dnnrt_depthwise2d_f32':
      return inOrder(g, { tile: 0, elementBytes: 4, channels });
    case 'dnnrt_conv2d_f32_fpu':
      return inOrder(g, { tile: DSP_TILE, elementBytes: 4, channels });
    case 'dnnrt_conv2d_s8_dsp':
    case 'dnnrt_conv2d_affine_s8_dsp':
    case 'dnnrt_conv2d_s16_dsp':
      return inOrder(g, { tile: DSP_TILE, restApart: true, elementBytes: 1, channels });
    case 'dnnrt_conv2d_s4_pairs_swar':
    case 'dnnrt_conv2d_s4_swar':
    case 'dnnrt_conv2d_s8_swar':
      return numberOf(fields, 'chunk') >= channels ? inOrder(g, { tile: 1, elementBytes: 1, channels }) : undefined;
    case 'dnnrt_depthwise2d_s8_dsp':
    case 'dnnrt_depthwise2d_taps_s8_dsp':
      return channels === numberOf(g, 'in_c') ? byChannel(g, planeStrip(g as unknown as WindowFields)) : undefined;
    case 'dnnrt_depthwise2d_s8_swar':
    case 'dnnrt_depthwise2d_taps_s8_swar':
      return byChannel(g, numberOf(g, 'out_h'));
    case 'dnnrt_max_pool2d_s8':
    case 'dnnrt_average_pool2d_s8':
      return inOrder(g, { tile: 0, elementBytes: 1, channels: numberOf(g, 'in_c') });
    case 'dnnrt_max_pool2d_f32':
    case 'dnnrt_average_pool2d_f32':
      return inOrder(g, { tile: 0, elementBytes: 4, channels: numberOf(g, 'in_c') });
    default:
      return undefined;
  }
}
