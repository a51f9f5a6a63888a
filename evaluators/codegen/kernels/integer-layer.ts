/**
 * Integer convolutions and matrix products as the operators describe them, before a kernel is chosen for the core
 * (select-kernel.ts): y = clamp(round(M · (b + Σ (x − x₀)(w − w₀))) + y₀). Values are stored as int8, uint8 ones 128 lower, zero
 * points with them.
 */
import type { Tensor } from '../../ir/tensor.ts';
import { packBias, weightShift } from '../lower/quantization.ts';
import type { WindowFields } from '../lower/window.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';

interface IntegerLayer {
  /** [rows, length] or an image, channels last. */
  readonly x: LoweredValue;
  readonly y: LoweredValue & { readonly buffer: string };
  readonly xZero: number;
  /** Outputs of a row or pixel. */
  readonly channels: number;
  /** Weights of one output channel. */
  readonly length: number;
  readonly weights: Tensor;
  /** For each place of the reference kernel's order the index into `weights`. */
  readonly order: () => Uint32Array;
  /** One zero point, or one for each channel. */
  readonly weightZeros: Int8Array;
  readonly bias: Tensor | undefined;
  /** Member `requantize` of the parameter structure. */
  readonly requantize: { readonly fields: Readonly<Record<string, FieldValue>> };
}

/** Reference order of the weights: [channel][row][column][input channel]; depthwise [row][column][channel]. */
export interface IntegerConvolution extends IntegerLayer {
  readonly window: WindowFields;
  readonly groups: number;
  readonly depthwise: boolean;
}

/** Reference order of the weights: [channel][length]. */
export interface IntegerProduct extends IntegerLayer {
  readonly rows: number;
}

/** The weights as they are stored, in the reference kernel's order. */
export function storedWeights(layer: IntegerLayer): Int8Array {
  const shift = weightShift(layer.weights);
  const { data } = layer.weights;
  return Int8Array.from(layer.order(), (index) => Number(data[index]) - shift);
}

/** The weights less their zero points, -255…255, in the reference kernel's order. */
export function centredWeights(layer: IntegerConvolution | IntegerProduct): Int16Array {
  const { weightZeros, channels, length } = layer;
  const byChannel = !('depthwise' in layer && layer.depthwise);
  const channelOf = (at: number) => (byChannel ? Math.floor(at / length) : at % channels);
  const zeroOf = (at: number) => weightZeros[weightZeros.length > 1 ? channelOf(at) : 0] ?? 0;
  return Int16Array.from(storedWeights(layer), (w, at) => w - zeroOf(at));
}

export function isSymmetric(layer: IntegerLayer): boolean {
  return layer.weightZeros.every((zero) => zero === 0);
}

/** Weights and bias in reference order, as fields of the parameter structure. */
export function referenceConstants(lowering: Lowering, layer: IntegerLayer): Record<string, FieldValue> {
  const elements = layer.channels * layer.length;
  const weights = lowering.constant('w', 'int8_t', elements, () => storedWeights(layer));
  return { weights: { constant: weights }, bias: packBias(lowering, layer.bias) };
}

/** Members `weight_zero` and `weight_zero_step`. */
export function weightZeroFields(lowering: Lowering, layer: IntegerLayer): Record<string, FieldValue> {
  if (isSymmetric(layer)) return { weight_zero: null, weight_zero_step: 0 };
  const { weightZeros } = layer;
  const id = lowering.constant('z', 'int8_t', weightZeros.length, () => weightZeros);
  return { weight_zero: { constant: id }, weight_zero_step: weightZeros.length > 1 ? 1 : 0 };
}
