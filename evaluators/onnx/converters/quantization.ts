/** QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear. */
import { elementCount } from '../../ir/tensor.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import { dtypeOfNumber, elementTypeName } from '../element-types.ts';
import { ProblemFound } from '../import-error.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

/** Axis of per-axis scales; 0 where the scale is a scalar, for then it has no meaning and may be out of range. */
function axisOf(c: NodeContext): number {
  const axis = c.attributes.int('axis', 1);
  return elementCount(c.shape(1)) === 1 ? 0 : normalizeAxis(axis, c.rank());
}

function checkParameters(c: NodeContext, axis: number, blockSize: number): void {
  const [scale, zero] = [c.input(1, 'scale').type, c.inputs[2]?.type];
  if (scale.dtype !== 'float32' && scale.dtype !== 'float16')
    throw c.fail(`the scale is ${scale.dtype}, it must be a float`);
  if (zero !== undefined && elementCount(zero.shape) !== elementCount(scale.shape))
    throw c.fail('scale and zero point differ in length');
  const count = elementCount(scale.shape);
  if (blockSize === 0 && count !== 1 && (scale.shape.length !== 1 || count !== c.shape(0)[axis])) {
    throw c.fail(`${count} scales do not fit axis ${axis} of size ${c.shape(0)[axis]}`);
  }
}

function quantizeLinear(c: NodeContext) {
  const axis = axisOf(c);
  const blockSize = c.attributes.int('block_size', 0);
  c.attributes.ignore('saturate', 'precision');
  checkParameters(c, axis, blockSize);
  const number = c.attributes.int('output_dtype', 0);
  const to = c.inputs[2]?.type.dtype ?? (number === 0 ? 'uint8' : dtypeOfNumber(number));
  if (to === undefined)
    throw new ProblemFound(
      'UNSUPPORTED_TYPE',
      `it quantizes to ${elementTypeName(number)}`,
      'Use int4, uint4, int8, uint8, int16 or uint16.',
    );
  return c.result({ kind: 'QuantizeLinear', axis, blockSize, to }, c.inputs);
}

function dequantizeLinear(c: NodeContext) {
  const axis = axisOf(c);
  const blockSize = c.attributes.int('block_size', 0);
  c.attributes.ignore('output_dtype');
  checkParameters(c, axis, blockSize);
  const zero = c.inputs[2];
  if (zero !== undefined && zero.type.dtype !== c.dtype())
    throw c.fail(`the zero point is ${zero.type.dtype}, the input ${c.dtype()}`);
  return c.result({ kind: 'DequantizeLinear', axis, blockSize }, c.inputs);
}

export const QUANTIZATION: ConverterTable = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: (c) => c.result({ kind: 'DynamicQuantizeLinear' }, c.inputs),
};
