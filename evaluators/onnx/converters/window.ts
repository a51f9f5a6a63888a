/** Convolutions and poolings. `auto_pad` is resolved to explicit pads. */
import type { OpOf, Window } from '../../ir/op.ts';
import { badAttribute } from '../attributes.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

const AUTO_PAD = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const;

/** `name` with one entry for each of `rank` spatial axes. */
function perAxis(c: NodeContext, name: string, rank: number, fallback: readonly number[]): readonly number[] {
  const given = c.attributes.ints(name);
  if (given === undefined || given.length === 0) return fallback;
  if (given.length !== rank) throw badAttribute(name, `has ${given.length} entries for ${rank} spatial axes`);
  return given;
}

/** Splits a total padding so that the odd element goes to the end (upper) or the beginning (lower). */
export function splitPads(totals: readonly number[], upper: boolean): number[] {
  const begins = totals.map((total) => (upper ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return [...begins, ...totals.map((total, axis) => total - begins[axis])];
}

function windowOf(
  c: NodeContext,
  kernel: readonly number[] | undefined,
  spatial: readonly number[] = c.shape(0).slice(2),
): Window {
  const rank = spatial.length;
  const ones = new Array<number>(rank).fill(1);
  const kernelShape = perAxis(c, 'kernel_shape', rank, kernel ?? []);
  if (kernelShape.length === 0) throw badAttribute('kernel_shape', 'is missing');
  const strides = perAxis(c, 'strides', rank, ones);
  const dilations = perAxis(c, 'dilations', rank, ones);
  const mode = c.attributes.choice('auto_pad', AUTO_PAD, 'NOTSET');
  const given = perAxis(c, 'pads', 2 * rank, new Array<number>(2 * rank).fill(0));
  if (mode === 'NOTSET') return { kernelShape, strides, dilations, pads: given };
  if (mode === 'VALID') return { kernelShape, strides, dilations, pads: new Array<number>(2 * rank).fill(0) };
  const totals = spatial.map((size, axis) => {
    const extent = (kernelShape[axis] - 1) * dilations[axis] + 1;
    return Math.max(0, (Math.ceil(size / strides[axis]) - 1) * strides[axis] + extent - size);
  });
  return { kernelShape, strides, dilations, pads: splitPads(totals, mode === 'SAME_UPPER') };
}

function weightKernel(c: NodeContext, index = 1): readonly number[] {
  return c.shape(index).slice(2);
}

export function convOp(c: NodeContext): OpOf<'Conv'> {
  const window = windowOf(c, weightKernel(c));
  return { kind: 'Conv', group: c.attributes.int('group', 1), ...window };
}

function convInteger(c: NodeContext) {
  const window = windowOf(c, weightKernel(c));
  return c.result({ kind: 'ConvInteger', group: c.attributes.int('group', 1), ...window }, c.inputs);
}

function qlinearConv(c: NodeContext) {
  const window = windowOf(c, weightKernel(c, 3));
  return c.result({ kind: 'QLinearConv', group: c.attributes.int('group', 1), ...window }, c.inputs);
}

function convTranspose(c: NodeContext) {
  const spatial = c.shape(0).slice(2);
  const rank = spatial.length;
  const ones = new Array<number>(rank).fill(1);
  const zeros = new Array<number>(rank).fill(0);
  const kernelShape = perAxis(c, 'kernel_shape', rank, weightKernel(c));
  const strides = perAxis(c, 'strides', rank, ones);
  const dilations = perAxis(c, 'dilations', rank, ones);
  const outputPadding = perAxis(c, 'output_padding', rank, zeros);
  const mode = c.attributes.choice('auto_pad', AUTO_PAD, 'NOTSET');
  const wanted = perAxis(c, 'output_shape', rank, []);
  let pads = perAxis(c, 'pads', 2 * rank, [...zeros, ...zeros]);
  const full = spatial.map(
    (size, axis) => strides[axis] * (size - 1) + outputPadding[axis] + (kernelShape[axis] - 1) * dilations[axis] + 1,
  );
  const target =
    wanted.length > 0
      ? wanted
      : mode.startsWith('SAME')
        ? spatial.map((size, axis) => size * strides[axis])
        : undefined;
  // A kernel smaller than its stride leaves less than SAME asks for: then nothing is cut off, and nothing added.
  const least = wanted.length > 0 ? Number.NEGATIVE_INFINITY : 0;
  if (target !== undefined)
    pads = splitPads(
      full.map((size, axis) => Math.max(least, size - target[axis])),
      mode === 'SAME_UPPER',
    );
  else if (mode === 'VALID') pads = [...zeros, ...zeros];
  // A target larger than the full result is reached by padding the output, which ONNX writes as negative pads.
  const extra = outputPadding.map(
    (extraSize, axis) => extraSize - Math.min(0, pads[axis]) - Math.min(0, pads[axis + rank]),
  );
  const op = {
    kind: 'ConvTranspose',
    group: c.attributes.int('group', 1),
    outputPadding: target === undefined ? outputPadding : extra,
    kernelShape,
    strides,
    dilations,
    pads: pads.map((pad) => (target === undefined ? pad : Math.max(0, pad))),
  } as const;
  return c.result(op, c.inputs);
}

function maxPool(c: NodeContext) {
  const window = windowOf(c, undefined);
  const storageOrder = c.attributes.int('storage_order', 0) === 1 ? 1 : 0;
  return c.result(
    { kind: 'MaxPool', ceilMode: c.attributes.flag('ceil_mode', false), storageOrder, ...window },
    c.inputs,
  );
}

function averagePool(c: NodeContext) {
  const window = windowOf(c, undefined);
  const ceilMode = c.attributes.flag('ceil_mode', false);
  return c.result(
    { kind: 'AveragePool', ceilMode, countIncludePad: c.attributes.flag('count_include_pad', false), ...window },
    c.inputs,
  );
}

function lpPool(c: NodeContext) {
  const window = windowOf(c, undefined);
  return c.result(
    { kind: 'LpPool', p: c.attributes.int('p', 2), ceilMode: c.attributes.flag('ceil_mode', false), ...window },
    c.inputs,
  );
}

function globalPool(fn: 'Average' | 'Max' | 'Lp') {
  return (c: NodeContext) =>
    c.result({ kind: 'GlobalPool', fn, p: fn === 'Lp' ? c.attributes.int('p', 2) : 0 }, c.inputs);
}

/** A pooling's window, for com.microsoft; `shape` has the channels as axis 1. */
export const poolWindow = (c: NodeContext, shape: readonly number[]): Window => windowOf(c, undefined, shape.slice(2));

/** A quantized convolution's window, for com.microsoft. */
export const quantizedWindow = (c: NodeContext, shape: readonly number[]): Window =>
  windowOf(c, weightKernel(c, 3), shape.slice(2));

export const WINDOW: ConverterTable = {
  Conv: (c) => c.result(convOp(c), c.inputs),
  ConvInteger: convInteger,
  QLinearConv: qlinearConv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: globalPool('Average'),
  GlobalMaxPool: globalPool('Max'),
  GlobalLpPool: globalPool('Lp'),
};
