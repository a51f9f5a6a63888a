/**
 * ConvTranspose over one or two axes as ordinary convolutions. With stride s the outputs a, a + s, a + 2s … of an axis (phase a) see the taps k
 * with k · dilation ≡ a + pad (mod s) only, and output j of the phase sees inputs j + (a + pad − k · dilation) / s: a small window of
 * stride 1 without zeros between the inputs. Phases are computed one after the other and copied into the rows and columns that are theirs.
 */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, type Tensor, tensor } from '../../ir/tensor.ts';
import { copyRuns } from '../kernels/copy-runs.ts';
import { callFloatConvolution } from '../kernels/select-kernel.ts';
import { channelsLast } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { lowerConvTranspose3d } from './lower-window3.ts';

interface Axis {
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
}

/** What the outputs first, first + stride … of an axis see. */
interface Phase {
  readonly first: number;
  /** Outputs. */
  readonly count: number;
  /** Taps in the order of their inputs. */
  readonly taps: readonly number[];
  /** Inputs between two taps. */
  readonly dilation: number;
  /** Input of the first tap relative to the number of the output. */
  readonly left: number;
}

const ONE: Axis = { in: 1, out: 1, kernel: 1, stride: 1, dilation: 1, pad: 0 };

function axesOf(op: OpOf<'ConvTranspose'>, x: readonly number[], y: readonly number[]): readonly [Axis, Axis] {
  const axes = op.kernelShape.map((kernel, i) => ({
    in: x[i + 2],
    out: y[i + 2],
    kernel,
    stride: op.strides[i],
    dilation: op.dilations[i],
    pad: op.pads[i],
  }));
  return axes.length === 1 ? [ONE, axes[0]] : [axes[0], axes[1]];
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

function phasesOf({ out, kernel, stride, dilation, pad }: Axis): Phase[] {
  return Array.from({ length: Math.min(stride, out) }, (_, first) => {
    const taps = Array.from({ length: kernel }, (__, k) => kernel - 1 - k).filter(
      (k) => (first + pad - k * dilation) % stride === 0,
    );
    const left = (first + pad - (taps[0] ?? 0) * dilation) / stride;
    const count = Math.ceil((out - first) / stride);
    return { first, count, taps, dilation: dilation / divisor(dilation, stride), left };
  });
}

/** Phases that see the same inputs are one with as many times the channels: their results lie beside each other already. */
function together(phases: readonly Phase[]): readonly (readonly Phase[])[] {
  const [one, ...others] = phases;
  const isAlike = (phase: Phase) =>
    phase.left === one.left && phase.count === one.count && phase.taps.length === one.taps.length;
  return others.every(isAlike) ? [phases] : phases.map((phase) => [phase]);
}

interface Layer {
  readonly node: Node<OpOf<'ConvTranspose'>>;
  readonly x: LoweredValue;
  readonly y: LoweredValue & { readonly buffer: string };
  readonly axes: readonly [Axis, Axis];
  readonly weights: Tensor;
  readonly bias: Tensor | undefined;
}

export function lowerConvTranspose(lowering: Lowering, node: Node<OpOf<'ConvTranspose'>>): void {
  const { op, inputs } = node;
  const source = lowering.value(inputs[0]);
  const weights = lowering.value(inputs[1]).tensor;
  const addend = lowering.optional(inputs[2]);
  const isConstant = weights !== undefined && (addend === undefined || addend.tensor !== undefined);
  const { shape } = lowering.outputType(node.outputs[0]);
  const isFlat = op.kernelShape.length <= 2 && shape[0] === 1 && [...source.shape, ...shape].every((n) => n < 65536);
  if (!isConstant || !isFlat || source.dtype !== 'float32' || !lowering.inParts) {
    lowerConvTranspose3d(lowering, node);
    return;
  }
  const axes = axesOf(op, source.shape, shape);
  const [rows, columns] = axes.map(phasesOf);
  if ([...rows, ...columns].some(({ taps }) => taps.length === 0)) {
    lowerConvTranspose3d(lowering, node);
    return;
  }
  const x = lowering.inLayout(source, channelsLast(source.shape));
  const y = lowering.produce(node.outputs[0], channelsLast(shape));
  const layer = { node, x, y, axes, weights, bias: addend?.tensor };
  for (const row of rows) {
    for (const group of op.group === 1 ? together(columns) : columns.map((column) => [column])) {
      lowerPhase(lowering, layer, row, group);
    }
  }
}

/** For each place of [column phase][channel][row][column][input channel] (depthwise: [row][column][channel]) the index into the weights. */
function phaseOrder({ node, weights }: Layer, row: Phase, columns: readonly Phase[], depthwise: boolean): Uint32Array {
  const { group } = node.op;
  const [inputs, outputs, ...kernel] = weights.shape;
  const [taps, width] = [elementCount(kernel), kernel.at(-1) ?? 1];
  const place = (c: number, m: number, k: number, l: number) => (c * outputs + m) * taps + k * width + l;
  const order: number[] = [];
  if (depthwise) {
    for (const k of row.taps)
      for (const l of columns[0].taps)
        for (let m = 0; m < outputs * group; m++) order.push(place(Math.floor(m / outputs), m % outputs, k, l));
    return Uint32Array.from(order);
  }
  const depth = inputs / group;
  for (const column of columns) {
    for (let m = 0; m < outputs * group; m++) {
      const first = Math.floor(m / outputs) * depth;
      for (const k of row.taps)
        for (const l of column.taps)
          for (let c = first; c < first + depth; c++) order.push(place(c, m % outputs, k, l));
    }
  }
  return Uint32Array.from(order);
}

function repeated(bias: Tensor | undefined, times: number): Tensor | undefined {
  if (bias === undefined) return undefined;
  const own = Array.from(bias.data, Number);
  const all = Array.from({ length: times }, () => own).flat();
  return tensor('float32', [all.length], Float32Array.from(all));
}

function lowerPhase(lowering: Lowering, layer: Layer, row: Phase, columns: readonly Phase[]): void {
  const { x, y, axes, weights } = layer;
  const { op } = layer.node;
  const [column] = columns;
  const [vertical, horizontal] = axes;
  const own = y.shape[1];
  const channels = own * columns.length;
  const depthwise = op.group > 1 && op.group === x.shape[1];
  const isWhole = vertical.stride === 1 && horizontal.stride === columns.length;
  const shape = [1, channels, row.count, column.count];
  const result = isWhole ? y : lowering.temporary({ ...y, shape, layout: channelsLast(shape) });
  callFloatConvolution(lowering, {
    x,
    y: result,
    window: {
      batch: 1,
      in_h: vertical.in,
      in_w: horizontal.in,
      in_c: x.shape[1],
      out_h: row.count,
      out_w: column.count,
      kernel_h: row.taps.length,
      kernel_w: column.taps.length,
      stride_h: 1,
      stride_w: 1,
      dilation_h: row.dilation,
      dilation_w: column.dilation,
      pad_top: -row.left,
      pad_left: -column.left,
    },
    groups: op.group,
    depthwise,
    channels,
    length: (row.taps.length * column.taps.length * x.shape[1]) / op.group,
    weights,
    order: () => phaseOrder(layer, row, columns, depthwise),
    bias: repeated(layer.bias, columns.length),
    lo: op.clamp?.min ?? Number.NEGATIVE_INFINITY,
    hi: op.clamp?.max ?? Number.POSITIVE_INFINITY,
  });
  if (isWhole) return;
  const pixel = own * Float32Array.BYTES_PER_ELEMENT;
  const run = columns.length * pixel;
  copyRuns(lowering, result, y, {
    rows: row.count,
    columns: column.count,
    run,
    x: { step: run, row: run * column.count },
    y: {
      step: horizontal.stride * pixel,
      row: vertical.stride * horizontal.out * pixel,
      offset: (row.first * horizontal.out + column.first) * pixel,
    },
  });
}
