/**
 * Channels of a layer's result that are the same number whatever the input: their weights are all zero, or every sum that an integer input
 * can lead to is rounded and limited to the same output.
 */
import { allocate, integerRange } from '../ir/dtype.ts';
import type { FusedClamp, Op } from '../ir/op.ts';
import { elementCount, type Tensor, tensor } from '../ir/tensor.ts';
import { numbersOf } from '../ops/elements.ts';
import { runOp } from '../ops/evaluate-node.ts';
import { isQuantizedType, limits, multipliers, requantize } from '../ops/integer/requantize.ts';

/** One entry per channel: its number, or undefined when it depends on the input. */
export type ChannelConstants = readonly (number | undefined)[];

/** Weights as [outputs][inputs][taps], less their zero points. */
export interface LayerWeights {
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: number;
  at(output: number, input: number, tap: number): number;
}

/** Inputs of a layer by their roles, in the order of its operator. */
export interface LayerRoles {
  readonly weights: number;
  readonly bias: number;
  /** One number for all outputs, or one each. */
  readonly perOutput: readonly number[];
  readonly integer: boolean;
}

const FLOAT_ROLES: LayerRoles = { weights: 1, bias: 2, perOutput: [], integer: false };

/** Undefined for operators that are no such layer. */
export function rolesOf({ kind }: Op): LayerRoles | undefined {
  switch (kind) {
    case 'Conv':
    case 'Gemm':
    case 'MatMul':
      return FLOAT_ROLES;
    case 'QLinearConv':
      return { weights: 3, bias: 8, perOutput: [4, 5], integer: true };
    case 'QLinearMatMul':
      return { weights: 3, bias: -1, perOutput: [4, 5], integer: true };
    case 'QGemm':
      return { weights: 3, bias: 6, perOutput: [4, 5], integer: true };
    default:
      return undefined;
  }
}

/** Axis of the weights that counts outputs; inputs are the other of the first two. */
export function outputAxis(op: Op): 0 | 1 {
  if (op.kind === 'Conv' || op.kind === 'QLinearConv') return 0;
  return (op.kind === 'Gemm' || op.kind === 'QGemm') && op.transB ? 0 : 1;
}

export function layerWeights(op: Op, weights: Tensor, zeros: Tensor | undefined): LayerWeights {
  const axis = outputAxis(op);
  const [first, second] = weights.shape;
  const [outputs, inputs] = axis === 0 ? [first, second] : [second, first];
  const taps = elementCount(weights.shape.slice(2));
  const values = numbersOf(weights);
  const zero = zeros === undefined ? Float64Array.of(0) : numbersOf(zeros);
  const at = (output: number, input: number, tap: number) => {
    const index = axis === 0 ? output * inputs + input : input * outputs + output;
    return values[index * taps + tap] - zero[zero.length === 1 ? 0 : output];
  };
  return { outputs, inputs, taps, at };
}

/** Numbers that the elements of an operand can be, less its zero point. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

function sumsOf(weights: LayerWeights, output: number, input: Range, padded: boolean): Range {
  let [low, high] = [0, 0];
  for (let c = 0; c < weights.inputs; c++) {
    for (let tap = 0; tap < weights.taps; tap++) {
      const w = weights.at(output, c, tap);
      if (w === 0) continue;
      const [a, b] = [w * input.low, w * input.high];
      // What lies in the padding adds nothing.
      low += padded ? Math.min(0, a, b) : Math.min(a, b);
      high += padded ? Math.max(0, a, b) : Math.max(a, b);
    }
  }
  return { low, high };
}

export function isPadded(op: Op): boolean {
  return 'pads' in op && op.pads.some((pad) => pad !== 0);
}

/** Inputs of a layer: initializers as tensors, everything else undefined. */
export type Operands = readonly (Tensor | undefined)[];

/** Zero point of the layer's input; 0 for floats. */
export function inputZero(roles: LayerRoles, operands: Operands): number {
  const zero = roles.integer ? operands[2] : undefined;
  return zero === undefined ? 0 : Number(zero.data[0]);
}

/** The constant channels of the layer's result; `rangeOf`: what the input of each output channel can be. */
export function constantChannels(
  op: Op,
  roles: LayerRoles,
  operands: Operands,
  rangeOf: (output: number) => Range,
): ChannelConstants {
  const weights = operands[roles.weights];
  const result = roles.integer ? integerResult(op, operands) : floatResult(op);
  if (weights === undefined || result === undefined) return [];
  const w = layerWeights(op, weights, roles.integer ? operands[5] : undefined);
  const bias = operands[roles.bias];
  const biases = bias === undefined ? Float64Array.of(0) : numbersOf(bias);
  const padded = isPadded(op);
  return Array.from({ length: w.outputs }, (_, output) => {
    const { low, high } = sumsOf(w, output, rangeOf(output), padded);
    const shift = biases[biases.length === 1 ? 0 : output];
    const [least, most] = [result(low + shift, output), result(high + shift, output)];
    return least !== undefined && least === most ? least : undefined;
  });
}

type Result = (sum: number, output: number) => number | undefined;

function floatResult(op: Op): Result {
  const { min, max } = clampOf(op) ?? { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
  return (sum) => (Number.isFinite(sum) ? Math.min(Math.max(Math.fround(sum), min), max) : undefined);
}

/** Undefined when the quantization is not constant or of another kind. Grows with the sum, so that equal ends mean one result. */
function integerResult(op: Op, operands: Operands): Result | undefined {
  const isGemm = op.kind === 'QGemm';
  const [xScale, wScale] = [operands[1], operands[4]];
  const [yScale, yZero] = isGemm ? [operands[7], operands[8]] : [operands[6], operands[7]];
  const type = yZero?.dtype ?? 'uint8';
  if (xScale?.data.length !== 1 || wScale === undefined || yScale?.data.length !== 1) return undefined;
  if (!isQuantizedType(type)) return undefined;
  const scale = Number(xScale.data[0]);
  const first = isGemm ? Math.fround(Math.fround(op.alpha) * scale) : scale;
  const m = multipliers(first, Float64Array.from(wScale.data, Number), Number(yScale.data[0]));
  if (!m.every((each) => each > 0)) return undefined;
  const zero = yZero === undefined ? 0 : Number(yZero.data[0]);
  const range = limits(type, clampOf(op));
  const [least, most] = integerRange('int32');
  return (sum, output) =>
    sum < least || sum > most ? undefined : requantize(sum, m[m.length === 1 ? 0 : output], zero, range);
}

export function clampOf(op: Op): FusedClamp | undefined {
  return 'clamp' in op ? op.clamp : undefined;
}

/** What an operator without influence between channels makes of a channel of `value`s; undefined when that is not one number. */
export function constantAfter(
  op: Op,
  type: { readonly dtype: Tensor['dtype']; readonly shape: readonly number[] },
  value: number,
  others: Operands,
): number | undefined {
  const data = allocate(type.dtype, elementCount(type.shape));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(value));
  else data.fill(value);
  const channel = { dtype: type.dtype, shape: type.shape, data } as Tensor;
  const [result] = runOp(op, [channel, ...others]);
  const [first] = result.data;
  return result.data.length > 0 && result.data.every((each) => Object.is(each, first)) ? Number(first) : undefined;
}

/** The biases with what removed channels of the input add, in `dtype` int32 or float. */
export function biasWith(
  weights: LayerWeights,
  bias: Tensor | undefined,
  removed: readonly (readonly [channel: number, value: number])[],
  integer: boolean,
): Tensor {
  const before = bias === undefined ? Float64Array.of(0) : numbersOf(bias);
  const sums = Array.from({ length: weights.outputs }, (_, output) => {
    let sum = before[before.length === 1 ? 0 : output];
    for (const [channel, value] of removed) {
      for (let tap = 0; tap < weights.taps; tap++) sum += value * weights.at(output, channel, tap);
    }
    return sum;
  });
  const shape = [weights.outputs];
  if (integer) return tensor('int32', shape, Int32Array.from(sums));
  return tensor('float32', shape, Float32Array.from(sums));
}
