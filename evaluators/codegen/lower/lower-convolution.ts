/** Conv and QLinearConv: images channels last; a group per input channel takes the depthwise kernel. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { convolutionOrder } from '../kernels/pack-weights.ts';
import { callFloatConvolution, callIntegerConvolution } from '../kernels/select-kernel.ts';
import { channelsLast } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import { numbers, scalar } from './constants.ts';
import { invoke } from './invoke.ts';
import { lowerConv3d, plainOperand, required } from './lower-window3.ts';
import { integerBias, outputQuantization, requantizeFields, storedZeros } from './quantization.ts';
import { windowFields } from './window.ts';

function isDepthwise(group: number, channels: number): boolean {
  return group === channels && group > 1;
}

export function lowerConv(lowering: Lowering, node: Node<OpOf<'Conv'>>): void {
  const { op } = node;
  const source = lowering.value(node.inputs[0]);
  const weights = lowering.value(node.inputs[1]).tensor;
  const addend = lowering.optional(node.inputs[2]);
  const bias = addend?.tensor;
  const computed = addend !== undefined && bias === undefined;
  if (weights === undefined || computed || op.kernelShape.length > 2) {
    lowerConv3d(lowering, node);
    return;
  }
  const { shape } = lowering.outputType(node.outputs[0]);
  const depthwise = isDepthwise(op.group, source.shape[1]);
  callFloatConvolution(lowering, {
    x: lowering.inLayout(source, channelsLast(source.shape)),
    y: lowering.produce(node.outputs[0], channelsLast(shape)),
    window: windowFields(op, source.shape, shape),
    groups: op.group,
    depthwise,
    channels: shape[1],
    length: elementCount(weights.shape) / shape[1],
    weights,
    order: () => convolutionOrder(weights.shape, depthwise),
    bias,
    lo: op.clamp?.min ?? Number.NEGATIVE_INFINITY,
    hi: op.clamp?.max ?? Number.POSITIVE_INFINITY,
  });
}

export function floatConstant(
  lowering: Lowering,
  role: string,
  tensor: { shape: readonly number[]; data: ArrayLike<number | bigint> },
): string {
  return lowering.constant(role, 'float', elementCount(tensor.shape), () => Float32Array.from(tensor.data, Number));
}

export function lowerQLinearConv(lowering: Lowering, node: Node<OpOf<'QLinearConv'>>): void {
  const { op, inputs } = node;
  const source = lowering.value(inputs[0]);
  const weights = lowering.tensor(inputs[3], 'the weights');
  const { shape } = lowering.outputType(node.outputs[0]);
  const depthwise = isDepthwise(op.group, source.shape[1]);
  const { value, shift } = lowering.signed(source);
  const output = outputQuantization(lowering, node.outputs[0], inputs[6], inputs[7], op.clamp);
  const xScale = scalar(lowering.tensor(inputs[1], 'the input scale'), 'the input scale');
  const xZero = scalar(lowering.optionalTensor(inputs[2], 'the input zero point'), 'the input zero point', 0);
  const weightZeros = storedZeros(weights, lowering.optionalTensor(inputs[5], 'the weight zero point'));
  callIntegerConvolution(lowering, {
    x: lowering.inLayout(value, channelsLast(source.shape)),
    y: lowering.produce(node.outputs[0], channelsLast(shape), output.shift !== 0),
    window: windowFields(op, source.shape, shape),
    groups: op.group,
    depthwise,
    channels: shape[1],
    length: elementCount(weights.shape) / shape[1],
    xZero: xZero - shift,
    weights,
    order: () => convolutionOrder(weights.shape, depthwise),
    weightZeros,
    bias: integerBias(lowering.optionalTensor(inputs[8], 'the bias')),
    requantize: requantizeFields(lowering, xScale, lowering.tensor(inputs[4], 'the weight scale'), output),
  });
}

/** y = x · scale/√(variance + ε) + (bias − mean · that): one weight per channel, a depthwise 1×1 convolution. */
export function lowerBatchNormalization(lowering: Lowering, node: Node<OpOf<'BatchNormalization'>>): void {
  const source = lowering.value(node.inputs[0]);
  if (node.inputs.slice(1, 5).some((name) => lowering.value(name).tensor === undefined)) {
    computedNormalization(lowering, node);
    return;
  }
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) =>
    numbers(lowering.tensor(node.inputs[index], 'a parameter of the normalisation')),
  );
  const [batch, channels] = source.shape;
  const pixels = elementCount(source.shape.slice(2));
  const x = lowering.inLayout(source, channelsLast(source.shape));
  const y = lowering.produce(node.outputs[0], channelsLast(source.shape));
  const factor = scale.map((value, c) => value / Math.sqrt(variance[c] + node.op.epsilon));
  const weights = lowering.constant('w', 'float', channels, () => Float32Array.from(factor));
  const offsets = lowering.constant('b', 'float', channels, () =>
    Float32Array.from(bias, (b, c) => b - mean[c] * factor[c]),
  );
  const one = { kernelShape: [1], strides: [1], dilations: [1], pads: [0, 0] };
  const flat = [batch, channels, pixels];
  lowering.call({
    kernel: 'dnnrt_depthwise2d_f32',
    params: {
      struct: 'dnnrt_conv2d_f32_t',
      fields: {
        window: { fields: windowFields(one, flat, flat) },
        out_c: channels,
        groups: channels,
        weights: { constant: weights },
        bias: { constant: offsets },
        lo: Number.NEGATIVE_INFINITY,
        hi: Number.POSITIVE_INFINITY,
      },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
    inPlace: lowering.reads(x),
  });
}

/** With parameters that are computed at run time. */
function computedNormalization(lowering: Lowering, node: Node<OpOf<'BatchNormalization'>>): void {
  const operands = [0, 1, 2, 3, 4].map((index) => plainOperand(lowering, node.inputs[index]));
  const [outer, channels, ...spatial] = required(operands[0]).shape;
  const fields = { outer, channels: channels ?? 1, inner: elementCount(spatial), epsilon: node.op.epsilon };
  const params = ['dnnrt_batch_normalization_t', fields] as const;
  const results = [lowering.producePlain(node.outputs[0])];
  invoke(lowering, { kernel: 'dnnrt_batch_normalization_f32', params, operands, results });
}
