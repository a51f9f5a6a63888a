/** Poolings and means. A mean over whole axes sums [outer, n, inner] in the order in which the axes lie in memory. */
import { isFloat } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { LoweringError } from '../codegen-error.ts';
import { channelsLast } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import { scalar } from './constants.ts';
import { invoke } from './invoke.ts';
import { reduceCall } from './lower-reduce.ts';
import { lowerPool3d } from './lower-window3.ts';
import { outputQuantization } from './quantization.ts';
import { reducedLayout, reductionOf } from './reduction.ts';
import { windowFields } from './window.ts';

export function lowerMaxPool(lowering: Lowering, node: Node<OpOf<'MaxPool'>>): void {
  const { op, outputs } = node;
  const source = lowering.value(node.inputs[0]);
  const indices = outputs[1] !== undefined && outputs[1] !== '';
  if (indices || op.kernelShape.length > 2) {
    lowerPool3d(lowering, node, 'dnnrt_max_pool3d_f32');
    return;
  }
  const { shape } = lowering.outputType(outputs[0]);
  const fields = windowFields(op, source.shape, shape);
  const quantized = !isFloat(source.dtype);
  const x = lowering.inLayout(quantized ? lowering.signed(source).value : source, channelsLast(source.shape));
  const y = lowering.produce(outputs[0], channelsLast(shape), x.shifted);
  const kernel = quantized ? 'dnnrt_max_pool2d_s8' : 'dnnrt_max_pool2d_f32';
  invoke(lowering, { kernel, params: ['dnnrt_window_t', fields], operands: [x], results: [y] });
}

/** Windows over three axes, means that count padding but not what a rounded-up size adds, and whatever else has no 2-D kernel. */
export function lowerAveragePool(lowering: Lowering, node: Node<OpOf<'AveragePool'>>): void {
  const { op, outputs } = node;
  if (op.kernelShape.length > 2 || (op.ceilMode && op.countIncludePad)) {
    lowerPool3d(lowering, node, 'dnnrt_average_pool3d_f32');
    return;
  }
  const source = lowering.value(node.inputs[0]);
  const { shape } = lowering.outputType(outputs[0]);
  const window = { fields: windowFields(op, source.shape, shape) };
  const x = lowering.inLayout(source, channelsLast(source.shape));
  const y = lowering.produce(outputs[0], channelsLast(shape));
  const fields = { window, count_include_pad: op.countIncludePad ? 1 : 0 };
  invoke(lowering, {
    kernel: 'dnnrt_average_pool2d_f32',
    params: ['dnnrt_average_pool2d_f32_t', fields],
    operands: [x],
    results: [y],
  });
}

export function lowerGlobalPool(lowering: Lowering, node: Node<OpOf<'GlobalPool'>>): void {
  const { fn, p } = node.op;
  const source = lowering.unshifted(lowering.value(node.inputs[0]));
  const axes = source.shape.map((_, axis) => axis).slice(2);
  if (fn === 'Lp' && p !== 1 && p !== 2) throw new LoweringError(`a global pool of the norm ${p} has no kernel`);
  const reduction = fn === 'Average' ? 'Mean' : fn === 'Max' ? 'Max' : p === 1 ? 'L1' : 'L2';
  reduceCall(lowering, node.outputs[0], source, reduction, axes);
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
