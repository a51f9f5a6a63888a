/** Operators of ai.onnx.ml (scikit-learn's exporter) that are plain arithmetic on tensors. */
import { elementCount } from '../../ir/tensor.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

/** The first input in float32, which all these operators compute in. */
function floatInput(c: NodeContext): Value {
  const x = c.input(0, 'input');
  return x.type.dtype === 'float32' ? x : c.step({ kind: 'Cast', to: 'float32', saturate: true }, x);
}

function vector(
  c: NodeContext,
  role: string,
  values: readonly number[],
  shape: readonly number[] = [values.length],
): Value {
  return c.newConstant(role, { dtype: 'float32', shape, data: Float32Array.from(values) });
}

function scaler(c: NodeContext): readonly Value[] {
  const offset = c.attributes.floats('offset') ?? [0];
  const scale = c.attributes.floats('scale') ?? [1];
  const centred = c.step({ kind: 'Binary', fn: 'Sub' }, floatInput(c), vector(c, 'offset', offset));
  return c.result({ kind: 'Binary', fn: 'Mul' }, [centred, vector(c, 'scale', scale)]);
}

/** x divided by its largest, L1 or L2 norm along the last axis. */
function normalizer(c: NodeContext): readonly Value[] {
  const norm = c.attributes.choice('norm', ['MAX', 'L1', 'L2'], 'MAX');
  const x = floatInput(c);
  const axes = [x.type.shape.length - 1];
  const divisor = c.step({ kind: 'Reduce', fn: norm === 'MAX' ? 'Max' : norm, axes, keepDims: true }, x);
  return c.result({ kind: 'Binary', fn: 'Div' }, [x, divisor]);
}

/** Rows of the weights are targets or classes. */
function affine(c: NodeContext, x: Value, bias: readonly number[] | undefined, outputs: number): Value {
  const weights = c.attributes.floats('coefficients') ?? [];
  const features = x.type.shape.at(-1) ?? 0;
  if (weights.length !== outputs * features || x.type.shape.length !== 2)
    throw c.fail(`${weights.length} coefficients do not fit ${outputs} outputs of ${features} features`);
  const operands = [x, vector(c, 'coefficients', weights, [outputs, features])];
  if (bias !== undefined && bias.length > 0) operands.push(vector(c, 'intercepts', bias));
  return c.step({ kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: true }, ...operands);
}

function plainTransform(c: NodeContext): 'NONE' | 'SOFTMAX' | 'LOGISTIC' {
  return c.attributes.choice('post_transform', ['NONE', 'SOFTMAX', 'LOGISTIC'], 'NONE');
}

function transformed(c: NodeContext, scores: Value, transform: 'NONE' | 'SOFTMAX' | 'LOGISTIC'): Value {
  if (transform === 'SOFTMAX') return c.step({ kind: 'Softmax', axis: 1, log: false, flatten: false }, scores);
  return transform === 'LOGISTIC' ? c.step({ kind: 'Unary', fn: 'Sigmoid', alpha: 0, beta: 0 }, scores) : scores;
}

function linearRegressor(c: NodeContext): readonly Value[] {
  const outputs = c.attributes.int('targets', 1);
  const scores = affine(c, floatInput(c), c.attributes.floats('intercepts'), outputs);
  return [transformed(c, scores, plainTransform(c))];
}

/** Outputs: label (int64), scores. Only classifiers with one row of coefficients for each integer label. */
function linearClassifier(c: NodeContext): readonly Value[] {
  c.attributes.ignore('multi_class');
  if (c.attributes.has('classlabels_strings')) {
    throw c.unsupported('class labels are text', 'Train with integer labels; text does not run on a microcontroller.');
  }
  const labels = c.attributes.ints('classlabels_ints') ?? [];
  const intercepts = c.attributes.floats('intercepts') ?? [];
  const scores = affine(c, floatInput(c), intercepts, labels.length);
  const best = c.step({ kind: 'ArgReduce', fn: 'ArgMax', axis: 1, keepDims: false, selectLast: false }, scores);
  const names = c.newConstant('labels', {
    dtype: 'int64',
    shape: [labels.length],
    data: BigInt64Array.from(labels, BigInt),
  });
  return [c.step({ kind: 'Gather', axis: 0 }, names, best), transformed(c, scores, plainTransform(c))];
}

function arrayFeatureExtractor(c: NodeContext): readonly Value[] {
  const axis = normalizeAxis(-1, c.rank());
  const indices = c.input(1, 'indices');
  const flat = c.step({ kind: 'Reshape', shape: [elementCount(indices.type.shape)] }, indices);
  const gathered = c.step({ kind: 'Gather', axis }, c.input(0, 'input'), flat);
  const shape = c.rank() === 1 ? [1, elementCount(indices.type.shape)] : gathered.type.shape;
  return c.result({ kind: 'Reshape', shape }, [gathered]);
}

function binarizer(c: NodeContext): readonly Value[] {
  const threshold = vector(c, 'threshold', [c.attributes.float('threshold', 0)], []);
  const above = c.step({ kind: 'Binary', fn: 'Greater' }, floatInput(c), threshold);
  return c.result({ kind: 'Cast', to: 'float32', saturate: true }, [above]);
}

export const MACHINE_LEARNING: ConverterTable = {
  ArrayFeatureExtractor: arrayFeatureExtractor,
  Binarizer: binarizer,
  LinearClassifier: linearClassifier,
  LinearRegressor: linearRegressor,
  Normalizer: normalizer,
  Scaler: scaler,
};
