/** What ONNX Runtime's optimizer puts in the place of several nodes when it saves a model (com.microsoft). */
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

const binary = (c: NodeContext, fn: 'Add' | 'Mul', a: Value, b: Value | undefined): Value =>
  b === undefined ? a : c.step({ kind: 'Binary', fn }, a, b);

/** Gelu of a sum; `tanh` 1 is its approximation. */
function biasedGelu(tanh: 0 | 1) {
  return (c: NodeContext) =>
    c.result({ kind: 'Unary', fn: 'Gelu', alpha: tanh, beta: 0 }, [binary(c, 'Add', c.input(0, 'input'), c.inputs[1])]);
}

/** x · σ(α x) */
function quickGelu(c: NodeContext) {
  const x = c.input(0, 'input');
  const alpha = c.scalar('alpha', 'float32', c.attributes.float('alpha', 1.702));
  const gate = c.step({ kind: 'Unary', fn: 'Sigmoid', alpha: 0, beta: 0 }, binary(c, 'Mul', x, alpha));
  return c.result({ kind: 'Binary', fn: 'Mul' }, [x, gate]);
}

/** LayerNormalization of input + skip + bias along the last axis; the fourth output is that sum. */
function skipLayerNormalization(c: NodeContext): readonly Value[] {
  const sum = binary(c, 'Add', binary(c, 'Add', c.input(0, 'input'), c.input(1, 'skip')), c.inputs[4]);
  const op = {
    kind: 'LayerNormalization',
    axis: sum.type.shape.length - 1,
    epsilon: c.attributes.float('epsilon', 1e-5),
  } as const;
  const [y, mean, deviation] = c.steps(op, 3, sum, c.input(2, 'gamma'), c.inputs[3]);
  return [y, mean, deviation, sum];
}

/** (A − zA) · (B − zB) in integers, times both scales, plus a bias. */
function scaledProduct(
  c: NodeContext,
  a: { readonly value: Value; readonly scale: Value; readonly zero: Value | undefined },
  b: { readonly value: Value; readonly scale: Value; readonly zero: Value | undefined },
  bias: Value | undefined,
): readonly Value[] {
  const product = c.step({ kind: 'MatMulInteger' }, a.value, b.value, a.zero, b.zero);
  const wide = c.step({ kind: 'Cast', to: 'float32', saturate: true }, product);
  const scaled = binary(c, 'Mul', wide, binary(c, 'Mul', a.scale, b.scale));
  return [binary(c, 'Add', scaled, bias)];
}

function matMulIntegerToFloat(c: NodeContext): readonly Value[] {
  const a = { value: c.input(0, 'A'), scale: c.input(2, 'a_scale'), zero: c.inputs[4] };
  return scaledProduct(c, a, { value: c.input(1, 'B'), scale: c.input(3, 'b_scale'), zero: c.inputs[5] }, c.inputs[6]);
}

function dynamicQuantizeMatMul(c: NodeContext): readonly Value[] {
  const [value, scale, zero] = c.steps({ kind: 'DynamicQuantizeLinear' }, 3, c.input(0, 'A'));
  const b = { value: c.input(1, 'B'), scale: c.input(2, 'b_scale'), zero: c.inputs[3] };
  return scaledProduct(c, { value, scale, zero }, b, c.inputs[4]);
}

function expandDims(c: NodeContext) {
  const axis = normalizeAxis(c.number(1, 'axis'), c.rank() + 1);
  return c.result({ kind: 'Reshape', shape: c.shape(0).toSpliced(axis, 0, 1) }, [c.input(0, 'input')]);
}

export const MICROSOFT_FUSIONS: ConverterTable = {
  BiasGelu: biasedGelu(0),
  FastGelu: biasedGelu(1),
  QuickGelu: quickGelu,
  SkipLayerNormalization: skipLayerNormalization,
  MatMulIntegerToFloat: matMulIntegerToFloat,
  DynamicQuantizeMatMul: dynamicQuantizeMatMul,
  ExpandDims: expandDims,
};
