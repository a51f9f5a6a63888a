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
