/** Poolings and means. A mean over whole axes sums [outer, n, inner] in the order in which the axes lie in memory. */
import type { Node } from '../ir/graph.ts';
import type { OpOf, Window } from '../ir/op.ts';
import { elementCount } from '../ir/tensor.ts';
import { LoweringError } from './codegen-error.ts';
import { scalar } from './constants.ts';
import { axisStrides, channelsLast, type Layout } from './layout.ts';
import type { LoweredValue, Lowering } from './lowering.ts';
import { outputQuantization } from './quantization.ts';
import { windowFields } from './window.ts';

export function lowerMaxPool(lowering: Lowering, node: Node<OpOf<'MaxPool'>>): void {
  if (node.outputs.length > 1 && node.outputs[1] !== '') throw new LoweringError('indices of a maximum have no kernel');
  const source = lowering.value(node.inputs[0]);
  const { shape } = lowering.outputType(node.outputs[0]);
  const fields = windowFields(node.op, source.shape, shape);
  const quantized = source.dtype !== 'float32';
  const x = lowering.inLayout(quantized ? lowering.signed(source).value : source, channelsLast(source.shape));
  const y = lowering.produce(node.outputs[0], channelsLast(shape), x.shifted);
  lowering.call({
    kernel: quantized ? 'dnnrt_max_pool2d_s8' : 'dnnrt_max_pool2d_f32',
    params: { struct: 'dnnrt_window_t', fields },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  });
}

function wholeImage(shape: readonly number[]): Window {
  const kernelShape = shape.slice(2);
  const ones = kernelShape.map(() => 1);
  return { kernelShape, strides: ones, dilations: ones, pads: [...kernelShape, ...kernelShape].map(() => 0) };
}

function averagePoolFloat(lowering: Lowering, node: Node, window: Window, countIncludePad: boolean): void {
  const source = lowering.value(node.inputs[0]);
  const { shape } = lowering.outputType(node.outputs[0]);
  const fields = windowFields(window, source.shape, shape);
  const x = lowering.inLayout(source, channelsLast(source.shape));
  const y = lowering.produce(node.outputs[0], channelsLast(shape));
  lowering.call({
    kernel: 'dnnrt_average_pool2d_f32',
    params: {
      struct: 'dnnrt_average_pool2d_f32_t',
      fields: { window: { fields }, count_include_pad: countIncludePad ? 1 : 0 },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  });
}

export function lowerAveragePool(lowering: Lowering, node: Node<OpOf<'AveragePool'>>): void {
  averagePoolFloat(lowering, node, node.op, node.op.countIncludePad);
}

export function lowerGlobalPool(lowering: Lowering, node: Node<OpOf<'GlobalPool'>>): void {
  if (node.op.fn !== 'Average') throw new LoweringError(`a global ${node.op.fn} pool has no kernel`);
  averagePoolFloat(lowering, node, wholeImage(lowering.value(node.inputs[0]).shape), false);
}

export function lowerQLinearAveragePool(lowering: Lowering, node: Node<OpOf<'QLinearAveragePool'>>): void {
  const { op, inputs } = node;
  const source = lowering.value(inputs[0]);
  const covers =
    op.kernelShape.every((size, axis) => size === source.shape[axis + 2]) && op.pads.every((pad) => pad === 0);
  if (covers) {
    quantizedMean(lowering, node, source.shape.map((_, axis) => axis).slice(2));
    return;
  }
  const { shape } = lowering.outputType(node.outputs[0]);
  const window = { fields: windowFields(op, source.shape, shape) };
  const { value, shift } = lowering.signed(source);
  const x = lowering.inLayout(value, channelsLast(source.shape));
  const output = outputQuantization(lowering, node.outputs[0], inputs[3], inputs[4]);
  const y = lowering.produce(node.outputs[0], channelsLast(shape), output.shift !== 0);
  lowering.call({
    kernel: 'dnnrt_average_pool2d_s8',
    params: {
      struct: 'dnnrt_average_pool2d_s8_t',
      fields: {
        window,
        x_zero: scalar(lowering.optionalTensor(inputs[2], 'the input zero point'), 'the input zero point', 0) - shift,
        y_zero: output.zero + output.shift,
        y_shift: output.shift,
        count_include_pad: op.countIncludePad ? 1 : 0,
        x_scale: scalar(lowering.tensor(inputs[1], 'the input scale'), 'the input scale'),
        y_scale: output.scale,
      },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  });
}

export interface Reduction {
  readonly x: LoweredValue;
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  /** Axes that stay, in the order in which they lie in memory. */
  readonly kept: readonly number[];
}

/** Brings the value into a layout in which the reduced axes lie together. */
export function reductionOf(lowering: Lowering, value: LoweredValue, axes: readonly number[]): Reduction {
  const strides = axisStrides(value.layout, value.shape);
  const all = value.shape.map((_, axis) => axis);
  const order = strides === undefined ? all : all.toSorted((a, b) => strides[b] - strides[a]);
  const used = order.filter((axis) => value.shape[axis] !== 1);
  const reduced = used.flatMap((axis, index) => (axes.includes(axis) ? [index] : []));
  const together = reduced.every((index, i) => i === 0 || reduced[i - 1] === index - 1);
  const kept = used.filter((axis) => !axes.includes(axis));
  const size = (list: readonly number[]) => elementCount(list.map((axis) => value.shape[axis]));
  if (strides !== undefined && together) {
    const [first = used.length, last = used.length - 1] = [reduced[0], reduced.at(-1)];
    return {
      x: value,
      outer: size(used.slice(0, first)),
      n: size(used.slice(first, last + 1)),
      inner: size(used.slice(last + 1)),
      kept,
    };
  }
  const keptAxes = all.filter((axis) => !axes.includes(axis));
  const layout: Layout = { factors: value.shape, order: [...keptAxes, ...axes] };
  return { x: lowering.inLayout(value, layout), outer: size(keptAxes), n: size(axes), inner: 1, kept: keptAxes };
}

/** Layout of the reduced value: the kept axes in their memory order. */
export function reducedLayout(shape: readonly number[], kept: readonly number[]): Layout {
  const logical = kept.toSorted((a, b) => a - b);
  return { factors: logical.map((axis) => shape[axis]), order: kept.map((axis) => logical.indexOf(axis)) };
}

function quantizedMean(lowering: Lowering, node: Node, axes: readonly number[]): void {
  const { inputs, outputs } = node;
  const { value, shift } = lowering.signed(lowering.value(inputs[0]));
  const { x, outer, n, inner, kept } = reductionOf(lowering, value, axes);
  const output = outputQuantization(lowering, outputs[0], inputs[3], inputs[4]);
  const scale = scalar(lowering.tensor(inputs[1], 'the input scale'), 'the input scale');
  const y = lowering.produce(outputs[0], reducedLayout(value.shape, kept), output.shift !== 0);
  lowering.call({
    kernel: 'dnnrt_mean_s8',
    params: {
      struct: 'dnnrt_mean_s8_t',
      fields: {
        outer,
        n,
        inner,
        multiplier: Math.fround(scale / Math.fround(output.scale * n)),
        x_zero: scalar(lowering.optionalTensor(inputs[2], 'the input zero point'), 'the input zero point', 0) - shift,
        y_zero: output.zero,
      },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  });
}

export function lowerQLinearGlobalAveragePool(lowering: Lowering, node: Node<OpOf<'QLinearGlobalAveragePool'>>): void {
  quantizedMean(
    lowering,
    node,
    lowering
      .value(node.inputs[0])
      .shape.map((_, axis) => axis)
      .slice(2),
  );
}

export function lowerQLinearReduceMean(lowering: Lowering, node: Node<OpOf<'QLinearReduceMean'>>): void {
  quantizedMean(lowering, node, node.op.axes);
}
