/** Gemm, MatMul, QGemm and QLinearMatMul with a constant second operand: fully connected layers. */
import type { Node } from '../../ir/graph.ts';
import type { FusedClamp, OpOf } from '../../ir/op.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import { callWithWeights } from '../encodings/encode-weights.ts';
import { matrixOrder } from '../kernels/pack-weights.ts';
import { callIntegerProduct } from '../kernels/select-kernel.ts';
import { isPlain, logicalIndices, plainLayout } from '../layout.ts';
import type { Call, LoweredValue, Lowering } from '../lowering.ts';
import { scalar } from './constants.ts';
import { lowerDynamicGemm, lowerDynamicMatMul, lowerDynamicQLinearMatMul, lowerFloatQGemm } from './lower-matmul.ts';
import { integerBias, outputQuantization, requantizeFields, storedZeros } from './quantization.ts';

interface Rows {
  readonly x: LoweredValue;
  /** Logical index within a row of the element at each physical place. */
  readonly inner: () => Uint32Array;
}

/** The first operand as [rows, k]: a single row may lie in any order, which the weights then follow. */
export function rowsOf(lowering: Lowering, value: LoweredValue, k: number): Rows {
  const identity = () => Uint32Array.from({ length: k }, (_, index) => index);
  if (isPlain(value.layout)) return { x: value, inner: identity };
  const [first, ...rest] = value.layout.factors;
  const outermost = value.layout.order[0] === 0 && elementCount(rest) === k;
  const single = elementCount(value.shape) === k;
  if (!single && !outermost) return { x: lowering.plain(value), inner: identity };
  const layout = single ? value.layout : { factors: rest, order: value.layout.order.slice(1).map((axis) => axis - 1) };
  return first === undefined ? { x: value, inner: identity } : { x: value, inner: () => logicalIndices(layout) };
}

interface FloatProduct {
  readonly weights: Tensor;
  readonly transposed: boolean;
  readonly alpha: number;
  readonly bias: { readonly tensor: Tensor; readonly beta: number } | undefined;
  readonly clamp: FusedClamp | undefined;
}

function fullyConnected(lowering: Lowering, node: Node, product: FloatProduct): void {
  const source = lowering.value(node.inputs[0]);
  const { weights, transposed, alpha, bias, clamp } = product;
  const [k, n] = transposed ? [weights.shape[1], weights.shape[0]] : [weights.shape[0], weights.shape[1]];
  const { x, inner } = rowsOf(lowering, source, k);
  const w = lowering.constant('w', 'float', k * n, () =>
    Float32Array.from(matrixOrder(k, n, transposed, inner()), (index) => alpha * Number(weights.data[index])),
  );
  const b =
    bias === undefined
      ? null
      : {
          constant: lowering.constant('b', 'float', n, () =>
            Float32Array.from(
              { length: n },
              (_, i) => bias.beta * Number(bias.tensor.data[bias.tensor.data.length === 1 ? 0 : i]),
            ),
          ),
        };
  const y = lowering.produce(node.outputs[0], plainLayout(lowering.outputType(node.outputs[0]).shape));
  const call: Call = {
    kernel: 'dnnrt_fc_f32',
    params: {
      struct: 'dnnrt_fc_f32_t',
      fields: {
        rows: elementCount(source.shape) / k,
        in_n: k,
        out_n: n,
        weights: { constant: w },
        bias: b,
        lo: clamp?.min ?? Number.NEGATIVE_INFINITY,
        hi: clamp?.max ?? Number.POSITIVE_INFINITY,
      },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  };
  callWithWeights(lowering, call);
}

/** True when `bias` is one number, or one number per column. */
function isRowBias(bias: Tensor, n: number): boolean {
  return bias.data.length === 1 || (bias.data.length === n && bias.shape.at(-1) === n);
}

export function lowerGemm(lowering: Lowering, node: Node<OpOf<'Gemm'>>): void {
  const { op } = node;
  const weights = lowering.value(node.inputs[1]).tensor;
  const addend = lowering.optional(node.inputs[2]);
  const bias = addend?.tensor;
  const n = weights?.shape[op.transB ? 0 : 1] ?? 0;
  const packable = addend === undefined || (bias !== undefined && isRowBias(bias, n));
  if (weights === undefined || op.transA || !packable || weights.dtype === 'float64') {
    lowerDynamicGemm(lowering, node);
    return;
  }
  fullyConnected(lowering, node, {
    weights,
    transposed: op.transB,
    alpha: op.alpha,
    bias: bias === undefined ? undefined : { tensor: bias, beta: op.beta },
    clamp: op.clamp,
  });
}

export function lowerMatMul(lowering: Lowering, node: Node<OpOf<'MatMul'>>): void {
  const weights = lowering.value(node.inputs[1]).tensor;
  if (weights?.shape.length !== 2 || weights.dtype === 'float64') {
    lowerDynamicMatMul(lowering, node);
    return;
  }
  fullyConnected(lowering, node, { weights, transposed: false, alpha: 1, bias: undefined, clamp: node.op.clamp });
}

interface QuantizedProduct {
  readonly alpha: number;
  readonly transposed: boolean;
  readonly bias: Tensor | undefined;
  readonly yScale: string | undefined;
  readonly yZero: string | undefined;
  readonly clamp: FusedClamp | undefined;
}

function quantizedFullyConnected(lowering: Lowering, node: Node, product: QuantizedProduct): void {
  const { inputs, outputs } = node;
  const weights = lowering.tensor(inputs[3], 'the second operand');
  if (weights.shape.length !== 2) throw new LoweringError('the second operand must be a matrix');
  const { transposed } = product;
  const [k, n] = transposed ? [weights.shape[1], weights.shape[0]] : [weights.shape[0], weights.shape[1]];
  const source = lowering.value(inputs[0]);
  const { value, shift } = lowering.signed(source);
  const { x, inner } = rowsOf(lowering, value, k);
  const output = outputQuantization(lowering, outputs[0], product.yScale, product.yZero, product.clamp);
  const scale = scalar(lowering.tensor(inputs[1], 'the input scale'), 'the input scale');
  const xScale = product.alpha === 1 ? scale : Math.fround(Math.fround(product.alpha) * scale);
  const xZero = scalar(lowering.optionalTensor(inputs[2], 'the input zero point'), 'the input zero point', 0);
  if (product.bias !== undefined && product.bias.data.length !== n) {
    throw new LoweringError('the bias must be one number per output');
  }
  const weightZeros = storedZeros(weights, lowering.optionalTensor(inputs[5], 'the weight zero point'));
  callIntegerProduct(lowering, {
    x,
    y: lowering.produce(outputs[0], plainLayout(lowering.outputType(outputs[0]).shape), output.shift !== 0),
    rows: elementCount(source.shape) / k,
    channels: n,
    length: k,
    xZero: xZero - shift,
    weights,
    order: () => matrixOrder(k, n, transposed, inner()),
    weightZeros,
    bias: integerBias(product.bias),
    requantize: requantizeFields(lowering, xScale, lowering.tensor(inputs[4], 'the weight scale'), output),
  });
}

export function lowerQGemm(lowering: Lowering, node: Node<OpOf<'QGemm'>>): void {
  const { op, inputs } = node;
  if (inputs[7] === undefined || inputs[7] === '') {
    lowerFloatQGemm(lowering, node);
    return;
  }
  if (op.transA) throw new LoweringError('a transposed first operand has no kernel');
  quantizedFullyConnected(lowering, node, {
    alpha: op.alpha,
    transposed: op.transB,
    bias: lowering.optionalTensor(inputs[6], 'the bias'),
    yScale: inputs[7],
    yZero: inputs[8],
    clamp: op.clamp,
  });
}

export function lowerQLinearMatMul(lowering: Lowering, node: Node<OpOf<'QLinearMatMul'>>): void {
  const { op, inputs } = node;
  const weights = lowering.value(inputs[3]).tensor;
  const parameters = [1, 2, 4, 5, 6, 7].map((index) => lowering.optional(inputs[index]));
  const computed = parameters.some((value) => value !== undefined && value.tensor === undefined);
  if (weights?.shape.length !== 2 || computed || elementCount(lowering.value(inputs[1]).shape) > 1) {
    lowerDynamicQLinearMatMul(lowering, node);
    return;
  }
  quantizedFullyConnected(lowering, node, {
    alpha: 1,
    transposed: false,
    bias: undefined,
    yScale: inputs[6],
    yZero: inputs[7],
    clamp: op.clamp,
  });
}
