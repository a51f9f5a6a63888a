/** Nodes that disappear into initializers: Constant, ConstantOfShape, Shape, Size, Range, EyeLike, NonZero, windows of signal processing. */
import { allocate, type TypedArray } from '../../ir/dtype.ts';
import { elementCount, stridesOf, type Tensor } from '../../ir/tensor.ts';
import { numbersOf, tensorOf } from '../../ops/elements.ts';
import { badAttribute } from '../attributes.ts';
import { dtypeOfNumber, elementTypeName } from '../element-types.ts';
import { ProblemFound } from '../import-error.ts';
import type { Converter, ConverterTable, NodeContext } from '../node-context.ts';

function int64(shape: readonly number[], values: readonly number[]): Tensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) } satisfies Tensor<'int64'>;
}

function float32(shape: readonly number[], values: readonly number[]): Tensor {
  return { dtype: 'float32', shape, data: Float32Array.from(values) } satisfies Tensor<'float32'>;
}

function constant(c: NodeContext) {
  const a = c.attributes;
  const value = a.tensor('value');
  if (value !== undefined) return c.constantResult(value);
  const [floats, ints] = [a.floats('value_floats'), a.ints('value_ints')];
  if (floats !== undefined) return c.constantResult(float32([floats.length], floats));
  if (ints !== undefined) return c.constantResult(int64([ints.length], ints));
  if (a.has('value_float')) return c.constantResult(float32([], [a.float('value_float', 0)]));
  if (a.has('value_int')) return c.constantResult(int64([], [a.int('value_int', 0)]));
  if (a.has('sparse_value')) throw c.unsupported('sparse constants are not supported', 'Store the tensor densely.');
  throw badAttribute('value', 'is missing, or holds text');
}

/** Throws when a constant of this many elements must not be created. */
function bounded(c: NodeContext, count: number): number {
  if (!(count <= c.maxElements))
    throw new ProblemFound(
      'TOO_LARGE',
      'it creates a constant that is too large',
      'No microcontroller can hold such a tensor.',
    );
  return count;
}

function constantOfShape(c: NodeContext) {
  const shape = c.integers(0, 'shape');
  if (shape.some((size) => size < 0)) throw c.fail(`shape [${shape.join(', ')}] is negative`);
  const value = c.attributes.tensor('value') ?? float32([1], [0]);
  const data: TypedArray = allocate(value.dtype, bounded(c, elementCount(shape)));
  const element = value.data[0];
  for (let i = 0; i < data.length; i++) data[i] = element;
  return c.constantResult({ dtype: value.dtype, shape, data } as Tensor);
}

function shape(c: NodeContext) {
  const full = c.shape(0);
  const clampTo = (index: number): number =>
    Math.max(0, Math.min(full.length, index < 0 ? index + full.length : index));
  const start = clampTo(c.attributes.int('start', 0));
  const part = full.slice(start, Math.max(start, clampTo(c.attributes.int('end', full.length))));
  return c.constantResult(int64([part.length], part));
}

function range(c: NodeContext) {
  const [start, limit, step] = [0, 1, 2].map((i) => c.number(i, ['start', 'limit', 'delta'][i]));
  if (step === 0) throw c.fail('the step is 0');
  const count = bounded(c, Math.max(0, Math.ceil((limit - start) / step)));
  const values = Float64Array.from({ length: count }, (_, i) => start + i * step);
  return c.constantResult(tensorOf({ dtype: c.dtype(), shape: [count] }, values));
}

function eyeLike(c: NodeContext) {
  const number = c.attributes.optionalInt('dtype');
  const dtype = number === undefined ? c.dtype() : dtypeOfNumber(number);
  if (dtype === undefined)
    throw new ProblemFound(
      'UNSUPPORTED_TYPE',
      `it creates ${elementTypeName(number ?? 0)}`,
      'Use a float, integer or bool type.',
    );
  const [rows, columns] = c.shape(0);
  const k = c.attributes.int('k', 0);
  if (c.rank() !== 2) throw c.fail('its input must be a matrix');
  const values = new Float64Array(bounded(c, rows * columns));
  for (let i = 0; i < rows; i++) if (i + k >= 0 && i + k < columns) values[i * columns + i + k] = 1;
  return c.constantResult(tensorOf({ dtype, shape: [rows, columns] }, values));
}

function nonZero(c: NodeContext) {
  const x = c.constant(0, 'input');
  const strides = stridesOf(x.shape);
  const found: number[] = [];
  numbersOf(x).forEach((value, i) => {
    if (value !== 0) found.push(i);
  });
  const rows = x.shape.flatMap((size, axis) => found.map((i) => Math.floor(i / strides[axis]) % size));
  return c.constantResult(int64([x.shape.length, found.length], rows));
}

/** Σ aₖ cos(2πkn / N) for n = 0 … size − 1; N is the size of a periodic window, one less for a symmetric one. */
function cosineWindow(...terms: readonly number[]): Converter {
  return (c) => {
    const size = bounded(c, c.number(0, 'size'));
    const number = c.attributes.int('output_datatype', 1);
    const dtype = dtypeOfNumber(number);
    if (dtype === undefined)
      throw new ProblemFound('UNSUPPORTED_TYPE', `it creates ${elementTypeName(number)}`, 'Use a float type.');
    const period = c.attributes.flag('periodic', true) ? size : size - 1;
    const values = Float64Array.from({ length: size }, (_, n) =>
      terms.reduce((sum, a, k) => sum + a * Math.cos((2 * Math.PI * k * n) / period), 0),
    );
    return c.constantResult(tensorOf({ dtype, shape: [size] }, values));
  };
}

export const CONSTANTS: ConverterTable = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Size: (c) => c.constantResult(int64([], [elementCount(c.shape(0))])),
  Range: range,
  EyeLike: eyeLike,
  NonZero: nonZero,
  HannWindow: cosineWindow(0.5, -0.5),
  HammingWindow: cosineWindow(25 / 46, -21 / 46),
  BlackmanWindow: cosineWindow(0.42, -0.5, 0.08),
};
