/** IR operator -> ONNX node, for operator set 18 (or the newer one that the operator needs). */
import { assertNever, type Op, type OpOf, type Recurrent, type Window } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import type { TensorType } from '../../ops/op-definition.ts';
import { activationDefaults } from '../../ops/recurrent/activation.ts';
import { numberOfDtype } from '../element-types.ts';
import {
  type AttributeValue,
  float,
  floats,
  int,
  int64List,
  int64Scalar,
  ints,
  type NodeSpec,
  text,
  texts,
} from './node-spec.ts';

function windowAttributes(op: Window): Record<string, AttributeValue> {
  return {
    kernel_shape: ints(op.kernelShape),
    strides: ints(op.strides),
    dilations: ints(op.dilations),
    pads: ints(op.pads),
  };
}

const UNARY_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  Celu: ['alpha'],
  Elu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
  LeakyRelu: ['alpha'],
  Selu: ['alpha', 'gamma'],
  Shrink: ['bias', 'lambd'],
  ThresholdedRelu: ['alpha'],
};

function unarySpec(op: OpOf<'Unary'> | OpOf<'QLinearUnary'>): NodeSpec {
  if (op.fn === 'Gelu')
    return { opType: 'Gelu', opset: 20, attributes: { approximate: text(op.alpha === 1 ? 'tanh' : 'none') } };
  if (op.fn === 'IsInf')
    return { opType: 'IsInf', attributes: { detect_negative: int(op.alpha), detect_positive: int(op.beta) } };
  const values = [op.alpha, op.beta];
  const attributes = Object.fromEntries((UNARY_ATTRIBUTES[op.fn] ?? []).map((name, i) => [name, float(values[i])]));
  return { opType: op.fn, attributes };
}

function binarySpec(op: OpOf<'Binary'>): NodeSpec {
  switch (op.fn) {
    case 'BitShiftLeft':
      return { opType: 'BitShift', attributes: { direction: text('LEFT') } };
    case 'BitShiftRight':
      return { opType: 'BitShift', attributes: { direction: text('RIGHT') } };
    case 'Fmod':
      return { opType: 'Mod', attributes: { fmod: int(1) } };
    default:
      return { opType: op.fn };
  }
}

function recurrentAttributes(op: Recurrent): Record<string, AttributeValue> {
  return {
    hidden_size: int(op.hiddenSize),
    direction: text(op.direction),
    activations: texts(op.activations.map(({ fn }) => fn)),
    activation_alpha: floats(
      op.activations.filter(({ fn }) => activationDefaults(fn).alpha !== undefined).map(({ alpha }) => alpha),
    ),
    activation_beta: floats(
      op.activations.filter(({ fn }) => activationDefaults(fn).beta !== undefined).map(({ beta }) => beta),
    ),
    layout: int(op.batchFirst),
    ...(op.clip === null ? {} : { clip: float(op.clip) }),
  };
}

const withInput = (position: number, values: readonly number[]): Pick<NodeSpec, 'constants'> => ({
  constants: new Map([[position, int64List(values)]]),
});

function resizeSpec(op: OpOf<'Resize'>, input: TensorType | undefined): NodeSpec {
  // A scale rounded to float32 may lead to another size; then the sizes are written.
  const byScale = op.shape.every(
    (size, axis) => Math.floor((input?.shape[axis] ?? Number.NaN) * op.scales[axis]) === size,
  );
  const attributes = {
    mode: text(op.mode),
    coordinate_transformation_mode: text(op.coordinates),
    nearest_mode: text(op.nearestMode),
    cubic_coeff_a: float(op.cubicA),
    exclude_outside: int(op.excludeOutside),
    antialias: int(op.antialias),
    extrapolation_value: float(op.extrapolationValue),
  };
  const constants = new Map<number, Tensor>();
  if (op.roi.length > 0)
    constants.set(1, { dtype: 'float32', shape: [op.roi.length], data: Float32Array.from(op.roi) });
  if (byScale) constants.set(2, { dtype: 'float32', shape: [op.scales.length], data: Float32Array.from(op.scales) });
  else constants.set(3, int64List(op.shape));
  return { opType: 'Resize', attributes, constants };
}

function sliceSpec(op: OpOf<'Slice'>): NodeSpec {
  // A range that runs down to index 0 has no end that numpy's rule could name except "beyond the front".
  const ends = op.starts.map((start, axis) => {
    const end = start + op.sizes[axis] * op.steps[axis];
    return end < 0 ? -(2 ** 31) : end;
  });
  const axes = op.starts.map((_, axis) => axis);
  const lists = [op.starts, ends, axes, op.steps];
  return { opType: 'Slice', constants: new Map(lists.map((list, i) => [i + 1, int64List(list)])) };
}

/** What `op` is in ONNX; `input` is the type of its first input. */
export function specOf(op: Exclude<Op, { readonly kind: 'Lookup' }>, input?: TensorType): NodeSpec {
  switch (op.kind) {
    case 'Conv':
      return { opType: 'Conv', attributes: { ...windowAttributes(op), group: int(op.group) } };
    case 'ConvTranspose':
      return {
        opType: 'ConvTranspose',
        attributes: { ...windowAttributes(op), group: int(op.group), output_padding: ints(op.outputPadding) },
      };
    case 'Gemm':
      return {
        opType: 'Gemm',
        attributes: { alpha: float(op.alpha), beta: float(op.beta), transA: int(op.transA), transB: int(op.transB) },
      };
    case 'MatMul':
      return { opType: 'MatMul' };
    case 'MaxPool':
      return {
        opType: 'MaxPool',
        attributes: { ...windowAttributes(op), ceil_mode: int(op.ceilMode), storage_order: int(op.storageOrder) },
      };
    case 'AveragePool':
      return {
        opType: 'AveragePool',
        ...(op.dilations.some((d) => d !== 1) ? { opset: 19 } : {}),
        attributes: averageAttributes(op),
      };
    case 'LpPool':
      return { opType: 'LpPool', attributes: { ...windowAttributes(op), p: int(op.p), ceil_mode: int(op.ceilMode) } };
    case 'GlobalPool':
      return {
        opType: op.fn === 'Lp' ? 'GlobalLpPool' : `Global${op.fn}Pool`,
        attributes: op.fn === 'Lp' ? { p: int(op.p) } : {},
      };
    case 'BatchNormalization':
    case 'InstanceNormalization':
      return { opType: op.kind, attributes: { epsilon: float(op.epsilon) } };
    case 'LayerNormalization':
      return { opType: op.kind, attributes: { axis: int(op.axis), epsilon: float(op.epsilon) } };
    case 'GroupNormalization':
      return {
        opType: op.kind,
        ...(op.perChannelScale ? { opset: 21 } : {}),
        attributes: { num_groups: int(op.groups), epsilon: float(op.epsilon) },
      };
    case 'LRN':
      return {
        opType: 'LRN',
        attributes: { alpha: float(op.alpha), beta: float(op.beta), bias: float(op.bias), size: int(op.size) },
      };
    case 'Unary':
      return unarySpec(op);
    case 'Clip':
    case 'Where':
      return { opType: op.kind };
    case 'Binary':
      return binarySpec(op);
    case 'Variadic':
      return { opType: op.fn };
    case 'Softmax':
      return { opType: op.log ? 'LogSoftmax' : 'Softmax', attributes: { axis: int(op.axis) } };
    case 'Hardmax':
      return { opType: 'Hardmax', attributes: { axis: int(op.axis) } };
    case 'Reduce':
      return {
        opType: `Reduce${op.fn}`,
        attributes: { keepdims: int(op.keepDims), noop_with_empty_axes: int(op.axes.length === 0) },
        ...(op.axes.length === 0 ? {} : withInput(1, op.axes)),
      };
    case 'ArgReduce':
      return {
        opType: op.fn,
        attributes: { axis: int(op.axis), keepdims: int(op.keepDims), select_last_index: int(op.selectLast) },
      };
    case 'CumSum':
      return {
        opType: op.product === true ? 'CumProd' : 'CumSum',
        ...(op.product === true ? { opset: 26 } : {}),
        attributes: { exclusive: int(op.exclusive), reverse: int(op.reverse) },
        constants: new Map([[1, int64Scalar(op.axis)]]),
      };
    case 'Concat':
      return { opType: 'Concat', attributes: { axis: int(op.axis) } };
    case 'Split':
      return { opType: 'Split', attributes: { axis: int(op.axis) }, ...withInput(1, op.sizes) };
    case 'Slice':
      return sliceSpec(op);
    case 'Pad':
      return {
        opType: 'Pad',
        ...(op.mode === 'wrap' ? { opset: 19 } : {}),
        attributes: { mode: text(op.mode) },
        ...withInput(1, op.pads),
      };
    case 'Reshape':
      return { opType: 'Reshape', attributes: { allowzero: int(1) }, ...withInput(1, op.shape) };
    case 'Transpose':
      return { opType: 'Transpose', attributes: { perm: ints(op.perm) } };
    case 'Expand':
      return { opType: 'Expand', ...withInput(1, op.shape) };
    case 'Tile':
      return { opType: 'Tile', ...withInput(1, op.repeats) };
    case 'Gather':
    case 'GatherElements':
      return { opType: op.kind, attributes: { axis: int(op.axis) } };
    case 'GatherND':
      return { opType: 'GatherND', attributes: { batch_dims: int(op.batchDims) } };
    case 'ScatterElements':
      return { opType: op.kind, attributes: { axis: int(op.axis), reduction: text(op.reduction) } };
    case 'ScatterND':
      return { opType: op.kind, attributes: { reduction: text(op.reduction) } };
    case 'DepthToSpace':
      return { opType: op.kind, attributes: { blocksize: int(op.blockSize), mode: text(op.mode) } };
    case 'SpaceToDepth':
      return { opType: op.kind, attributes: { blocksize: int(op.blockSize) } };
    case 'Resize':
      return resizeSpec(op, input);
    case 'GridSample':
      return {
        opType: op.kind,
        opset: 20,
        attributes: {
          mode: text(op.mode),
          padding_mode: text(op.padding),
          align_corners: int(op.alignCorners),
        },
      };
    case 'RoiAlign':
      return {
        opType: op.kind,
        attributes: {
          mode: text(op.mode),
          coordinate_transformation_mode: text(op.halfPixel ? 'half_pixel' : 'output_half_pixel'),
          output_height: int(op.outHeight),
          output_width: int(op.outWidth),
          sampling_ratio: int(op.samplingRatio),
          spatial_scale: float(op.scale),
        },
      };
    case 'DeformConv':
      return {
        opType: op.kind,
        opset: 19,
        attributes: { ...windowAttributes(op), group: int(op.group), offset_group: int(op.offsetGroup) },
      };
    case 'OneHot':
      return { opType: 'OneHot', attributes: { axis: int(op.axis) }, constants: new Map([[1, int64Scalar(op.depth)]]) };
    case 'TopK':
      return {
        opType: 'TopK',
        attributes: { axis: int(op.axis), largest: int(op.largest), sorted: int(op.sorted) },
        ...withInput(1, [op.k]),
      };
    case 'Trilu':
      return { opType: 'Trilu', attributes: { upper: int(op.upper) }, constants: new Map([[1, int64Scalar(op.k)]]) };
    case 'Cast':
      return {
        opType: 'Cast',
        attributes: { to: int(numberOfDtype(op.to)) },
        ...(op.to.endsWith('int4') ? { opset: 21 } : {}),
      };
    case 'LSTM':
      return { opType: 'LSTM', attributes: { ...recurrentAttributes(op), input_forget: int(op.inputForget) } };
    case 'GRU':
      return {
        opType: 'GRU',
        attributes: { ...recurrentAttributes(op), linear_before_reset: int(op.linearBeforeReset) },
      };
    case 'RNN':
      return { opType: 'RNN', attributes: recurrentAttributes(op) };
    case 'QuantizeLinear':
    case 'DequantizeLinear':
      return quantizeSpec(op);
    case 'DynamicQuantizeLinear':
    case 'MatMulInteger':
    case 'QLinearMatMul':
      return { opType: op.kind };
    case 'QLinearConv':
    case 'ConvInteger':
      return { opType: op.kind, attributes: { ...windowAttributes(op), group: int(op.group) } };
    case 'QGemm':
      return {
        opType: 'QGemm',
        domain: 'com.microsoft',
        attributes: { alpha: float(op.alpha), transA: int(op.transA), transB: int(op.transB) },
      };
    case 'QLinearBinary':
      return { opType: `QLinear${op.fn}`, domain: 'com.microsoft' };
    case 'QLinearUnary': {
      const { attributes } = unarySpec(op);
      return {
        opType: `QLinear${op.fn}`,
        domain: 'com.microsoft',
        ...(attributes === undefined ? {} : { attributes }),
      };
    }
    case 'QLinearSoftmax':
      return { opType: op.kind, domain: 'com.microsoft', attributes: { axis: int(op.axis), opset: int(13) } };
    case 'QLinearAveragePool':
      return { opType: op.kind, domain: 'com.microsoft', attributes: averageAttributes(op) };
    case 'QLinearGlobalAveragePool':
      return { opType: op.kind, domain: 'com.microsoft' };
    case 'QLinearReduceMean':
      return {
        opType: op.kind,
        domain: 'com.microsoft',
        attributes: { axes: ints(op.axes), keepdims: int(op.keepDims) },
      };
    case 'QLinearConcat':
      return { opType: op.kind, domain: 'com.microsoft', attributes: { axis: int(op.axis) } };
    default:
      return assertNever(op);
  }
}

/** Dilations are written only where they are not 1: AveragePool has them since opset 19, com.microsoft's not at all. */
function averageAttributes(op: OpOf<'AveragePool'> | OpOf<'QLinearAveragePool'>): Record<string, AttributeValue> {
  const { dilations, ...window } = windowAttributes(op);
  return {
    ...window,
    ...(op.dilations.every((d) => d === 1) ? {} : { dilations }),
    ceil_mode: int(op.ceilMode),
    count_include_pad: int(op.countIncludePad),
  };
}

function quantizeSpec(op: OpOf<'QuantizeLinear'> | OpOf<'DequantizeLinear'>): NodeSpec {
  const attributes: Record<string, AttributeValue> = { axis: int(op.axis) };
  if (op.blockSize > 0) attributes['block_size'] = int(op.blockSize);
  const wide = op.kind === 'QuantizeLinear' && op.to !== 'int8' && op.to !== 'uint8';
  if (op.kind === 'QuantizeLinear' && wide) attributes['output_dtype'] = int(numberOfDtype(op.to));
  return { opType: op.kind, attributes, ...(wide || op.blockSize > 0 ? { opset: 21 } : {}) };
}
