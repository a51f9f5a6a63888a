/** Checks and conversions that operators share; what an operator provides is in op-definition.ts. */
import type { Tensor } from '../ir/tensor.ts';
import type { TensorType } from './op-definition.ts';

export type InputTypes = readonly (TensorType | undefined)[];
export type InputTensors = readonly (Tensor | undefined)[];

/** An operator's inputs or attributes break the rules of ONNX. The message says what was found and what is allowed. */
export class OperatorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OperatorError';
  }
}

/** A value, not a type or a shape, that an operator cannot take: it may come from the inputs of a network. */
export class InputValueError extends OperatorError {
  constructor(message: string) {
    super(message);
    this.name = 'InputValueError';
  }
}

/** `index` counted from the front of an axis; throws when it is outside [-size, size). */
export function normalizeIndex(index: number, size: number): number {
  if (!(index >= -size && index < size)) throw new InputValueError(`index ${index} is outside an axis of size ${size}`);
  return index < 0 ? index + size : index;
}

/** The input at `index`; throws when it is absent. */
export function requiredInput<T extends TensorType>(
  inputs: readonly (T | undefined)[],
  index: number,
  role: string,
): T {
  const input = inputs[index];
  if (input === undefined) throw new OperatorError(`input ${index} (${role}) is missing`);
  return input;
}

/** Throws unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new OperatorError(message);
}

/** `axis` counted from the front; throws when it is outside [-rank, rank). */
export function normalizeAxis(axis: number, rank: number): number {
  check(Number.isInteger(axis) && axis >= -rank && axis < rank, `axis ${axis} is outside a tensor of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** `[2, 3]` as text for messages. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
