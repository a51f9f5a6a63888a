/** Matrix products of computed operands, and integer products that leave int32: operands by strides, batches broadcast. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import { plainLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { broadcastStrides } from './broadcast.ts';
import { clampCall } from './clamp-call.ts';
import { numbers, scalar } from './constants.ts';
import { padToRank } from './copy.ts';
import { integerCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { broadcastOperation } from './lower-binary.ts';
import { callPackedProduct, productRequantization, takesPacked } from './lower-packed-product.ts';
import { plainOperand, required, window3Fields } from './lower-window3.ts';
import { packBias } from './quantization.ts';

interface Product {
  readonly a: LoweredValue;
  readonly b: LoweredValue;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batches: number;
  readonly fields: Record<string, FieldValue>;
}

interface ProductOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
  readonly lo?: number;
  readonly hi?: number;
}

/** a [.., M, K] · b [.., K, N] with ONNX MatMul's rules for operands of one axis. */
function product(a: LoweredValue, b: LoweredValue, options: ProductOptions): Product {
  const aShape = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const bShape = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const [aRows, aColumns] = aShape.slice(-2);
  const [bRows, bColumns] = bShape.slice(-2);
  const [m, k] = options.transA === true ? [aColumns, aRows] : [aRows, aColumns];
  const n = options.transB === true ? bRows : bColumns;
  const rank = Math.max(aShape.length, bShape.length) - 2;
  if (rank > 6) throw new LoweringError(`a product of ${rank} batch axes has no kernel`);
  const batch = Array.from({ length: rank }, (_, axis) =>
    Math.max(aShape[axis - rank + aShape.length - 2] ?? 1, bShape[axis - rank + bShape.length - 2] ?? 1),
  );
  const strides = (value: LoweredValue, shape: readonly number[]) => {
    const size = elementCount(shape.slice(-2));
    const lead = shape.slice(0, -2);
    return broadcastStrides({ ...value, shape: lead, layout: plainLayout(lead) }, batch).map((stride) => stride * size);
  };
  const fields = {
    batch: {
      fields: {
        rank,
        shape: padToRank(batch, 1),
        a_stride: padToRank(strides(a, aShape), 0),
        b_stride: padToRank(strides(b, bShape), 0),
      },
    },
    m,
    k,
    n,
    a_row: options.transA === true ? 1 : aColumns,
    a_column: options.transA === true ? aColumns : 1,
    b_row: options.transB === true ? 1 : bColumns,
    b_column: options.transB === true ? bColumns : 1,
    alpha: options.alpha ?? 1,
    lo: options.lo ?? Number.NEGATIVE_INFINITY,
    hi: options.hi ?? Number.POSITIVE_INFINITY,
  };
  return { a, b, m, k, n, batches: elementCount(batch), fields };
}

export function lowerDynamicMatMul(lowering: Lowering, node: Node<OpOf<'MatMul'>>): void {
  const { clamp } = node.op;
  const [a, b] = [0, 1].map((index) => required(plainOperand(lowering, node.inputs[index])));
  const { fields } = product(a, b, clamp === undefined ? {} : { lo: clamp.min, hi: clamp.max });
  const y = lowering.producePlain(node.outputs[0]);
  floatProduct(lowering, [a, b], fields, y);
  if (clamp !== undefined && y.dtype === 'float64') clampCall(lowering, y, y, clamp.min, clamp.max);
}

/** Limits are part of a product in float only. */
function floatProduct(
  lowering: Lowering,
  operands: readonly (LoweredValue | null)[],
  fields: Record<string, FieldValue>,
  y: LoweredValue,
): void {
  const kernel = y.dtype === 'float64' ? 'dnnrt_matmul_f64' : 'dnnrt_matmul_f32';
  invoke(lowering, { kernel, params: ['dnnrt_matmul_t', fields], operands, results: [y] });
}

/** alpha · a' · b', then + beta · c with broadcasting. */
export function lowerDynamicGemm(lowering: Lowering, node: Node<OpOf<'Gemm'>>): void {
  const { op } = node;
  const [a, b, c] = [0, 1, 2].map((index) => plainOperand(lowering, node.inputs[index]));
  const limits = op.clamp === undefined || c !== null ? {} : { lo: op.clamp.min, hi: op.clamp.max };
  const { fields } = product(required(a), required(b), {
    transA: op.transA,
    transB: op.transB,
    alpha: op.alpha,
    ...limits,
  });
  const y = lowering.producePlain(node.outputs[0]);
  floatProduct(lowering, [a, b], fields, y);
  if (c === null || op.beta === 0) {
    const isLimited = c === null && y.dtype !== 'float64';
    if (op.clamp !== undefined && !isLimited) clampCall(lowering, y, y, op.clamp.min, op.clamp.max);
    return;
  }
  const bias = op.beta === 1 ? c : scaled(lowering, c, op.beta);
  const sum = broadcastOperation(lowering, node.outputs[0], 'Add', [y, bias]);
  if (op.clamp === undefined) return;
  clampCall(lowering, sum, sum, op.clamp.min, op.clamp.max);
}

function scaled(lowering: Lowering, value: LoweredValue, factor: number): LoweredValue {
  const y = lowering.temporary(value);
  const n = elementCount(value.shape);
  const constant = lowering.constant('k', 'float', 1, () => Float32Array.of(factor));
  lowering.call({
    kernel: 'dnnrt_mul_f32',
    params: {
      struct: 'dnnrt_broadcast_t',
      fields: { rank: 1, shape: padToRank([n], 1), a_stride: padToRank([1], 0), b_stride: padToRank([0], 0) },
    },
    args: [lowering.argument(value), { kind: 'constant', id: constant }, lowering.argument(y)],
    reads: lowering.reads(value),
    writes: [y.buffer],
  });
  return y;
}

/** int32 sums of an 8-bit product, in `target` or working memory; zero points may be computed at run time. */
function integerProduct(
  lowering: Lowering,
  operands: readonly (LoweredValue | null)[],
  options: ProductOptions,
  target?: LoweredValue,
): { readonly sums: LoweredValue; readonly shape: Product } {
  const [a, b, aZero, bZero] = operands;
  const shape = product(required(a), required(b), options);
  const count = shape.batches * shape.m * shape.n;
  const sums =
    target ??
    lowering.temporary({ name: '', dtype: 'int32', shape: [count], layout: plainLayout([count]), shifted: false });
  const zeroStep = (zero: LoweredValue | null) => (zero !== null && elementCount(zero.shape) > 1 ? 1 : 0);
  const fields = {
    product: { fields: shape.fields },
    a_type: integerCode(shape.a.dtype),
    b_type: integerCode(shape.b.dtype),
    a_zero_step: zeroStep(aZero),
    b_zero_step: zeroStep(bZero),
  };
  invoke(lowering, { kernel: 'dnnrt_matmul_int', params: ['dnnrt_matmul_int_t', fields], operands, results: [sums] });
  return { sums, shape };
}

export function lowerMatMulInteger(lowering: Lowering, node: Node<OpOf<'MatMulInteger'>>): void {
  const operands = [0, 1, 2, 3].map((index) => plainOperand(lowering, node.inputs[index]));
  integerProduct(lowering, operands, {}, lowering.producePlain(node.outputs[0]));
}

/** QLinearMatMul of computed operands, or with a scale per row. */
export function lowerDynamicQLinearMatMul(lowering: Lowering, node: Node<OpOf<'QLinearMatMul'>>): void {
  const { inputs, outputs } = node;
  if (takesPacked(lowering, node)) {
    callPackedProduct(lowering, node);
    return;
  }
  const operands = [0, 3, 2, 5].map((index) => plainOperand(lowering, inputs[index]));
  const { sums, shape } = integerProduct(lowering, operands, {});
  if ([1, 4, 6, 7].some((index) => lowering.optional(inputs[index])?.tensor === undefined)) {
    requantizeComputed(lowering, node, sums, shape);
    return;
  }
  const { multiplier, row_step, column_step, ...output } = productRequantization(lowering, node);
  const y = lowering.produce(outputs[0], plainLayout(lowering.outputType(outputs[0]).shape), output.shift !== 0);
  const fields = {
    outer: shape.batches,
    rows: shape.m,
    columns: shape.n,
    multiplier,
    bias: null,
    row_step,
    column_step,
    y_zero: output.zero,
    lo: output.lo,
    hi: output.hi,
  };
  invoke(lowering, {
    kernel: 'dnnrt_requantize_s32_8',
    params: ['dnnrt_requantize_s32_t', fields],
    operands: [sums],
    results: [y],
  });
}

/** Scales or zero points that are known only at run time. */
function requantizeComputed(
  lowering: Lowering,
  node: Node<OpOf<'QLinearMatMul'>>,
  sums: LoweredValue,
  shape: Product,
): void {
  const { inputs, op } = node;
  const [aScale, bScale, yScale, yZero] = [1, 4, 6, 7].map((index) => plainOperand(lowering, inputs[index]));
  const y = lowering.producePlain(node.outputs[0]);
  const [min, max] = y.dtype === 'int8' ? [-128, 127] : [0, 255];
  const fields = {
    outer: shape.batches,
    rows: shape.m,
    columns: shape.n,
    a_step: elementCount(required(aScale).shape) > 1 ? 1 : 0,
    b_step: elementCount(required(bScale).shape) > 1 ? 1 : 0,
    type: integerCode(y.dtype),
    lo: Math.max(min, op.clamp?.min ?? min),
    hi: Math.min(max, op.clamp?.max ?? max),
  };
  const params = ['dnnrt_requantize_dynamic_t', fields] as const;
  const operands = [sums, aScale, bScale, yScale, yZero];
  invoke(lowering, { kernel: 'dnnrt_requantize_dynamic_s32', params, operands, results: [y] });
}

/** QGemm whose result is float: (a' · b' + bias) · alpha · aScale · bScale. */
export function lowerFloatQGemm(lowering: Lowering, node: Node<OpOf<'QGemm'>>): void {
  const { inputs, op } = node;
  const operands = [0, 3, 2, 5].map((index) => plainOperand(lowering, inputs[index]));
  const { sums, shape } = integerProduct(lowering, operands, { transA: op.transA, transB: op.transB });
  const aScale = Math.fround(Math.fround(op.alpha) * scalar(lowering.tensor(inputs[1], 'a scale'), 'a scale'));
  const bScale = numbers(lowering.tensor(inputs[4], 'a scale'));
  const scale = lowering.constant('m', 'float', bScale.length, () => Float32Array.from(bScale, (s) => aScale * s));
  const bias = lowering.optionalTensor(inputs[6], 'the bias');
  if (bias !== undefined && bias.data.length !== shape.n)
    throw new LoweringError('the bias must be one number per output');
  const fields = {
    rows: shape.batches * shape.m,
    columns: shape.n,
    scale: { constant: scale },
    bias: packBias(lowering, bias),
    column_step: bScale.length > 1 ? 1 : 0,
  };
  const y = lowering.producePlain(node.outputs[0]);
  invoke(lowering, {
    kernel: 'dnnrt_scale_s32_f32',
    params: ['dnnrt_scale_s32_t', fields],
    operands: [sums],
    results: [y],
  });
}

export function lowerConvInteger(lowering: Lowering, node: Node<OpOf<'ConvInteger'>>): void {
  const { op } = node;
  const [x, w, xZero, wZero] = [0, 1, 2, 3].map((index) => plainOperand(lowering, node.inputs[index]));
  const y = lowering.producePlain(node.outputs[0]);
  const conv = {
    window: { fields: window3Fields(op, required(x).shape, y.shape) },
    out_c: y.shape[1],
    groups: op.group,
    lo: Number.NEGATIVE_INFINITY,
    hi: Number.POSITIVE_INFINITY,
  };
  const fields = {
    conv: { fields: conv },
    x_type: integerCode(required(x).dtype),
    w_type: integerCode(required(w).dtype),
    w_zero_step: wZero !== null && elementCount(wZero.shape) > 1 ? 1 : 0,
  };
  invoke(lowering, {
    kernel: 'dnnrt_conv3d_int',
    params: ['dnnrt_conv3d_int_t', fields],
    operands: [x, w, xZero, wZero],
    results: [y],
  });
}
