/** The codes of runtime-c's enumerations: element types and operations of the type-generic kernels. */
import type { DType } from '../../ir/dtype.ts';
import type { BinaryFunction, OpOf, ReduceFunction, UnaryFunction } from '../../ir/op.ts';
import { LoweringError } from '../codegen-error.ts';

const TYPES: { readonly [D in DType]?: number } = {
  int8: 0,
  int4: 0,
  uint8: 1,
  uint4: 1,
  bool: 1,
  int16: 2,
  uint16: 3,
  int32: 4,
  uint32: 5,
  int64: 6,
  uint64: 7,
};

export const FLOAT_CODE = 8;
/** Target of a conversion to truth values. */
export const BOOL_CODE = 9;
export const DOUBLE_CODE = 10;

/** Code of an integer type. Throws LoweringError for floats. */
export function integerCode(dtype: DType): number {
  const code = TYPES[dtype];
  if (code === undefined) throw new LoweringError(`${dtype} is no integer type`);
  return code;
}

const BINARY: { readonly [F in BinaryFunction]?: number } = {
  Add: 0,
  Sub: 1,
  Mul: 2,
  Div: 3,
  Mod: 4,
  Fmod: 5,
  Max: 6,
  Min: 7,
  Pow: 8,
  BitwiseAnd: 9,
  BitwiseOr: 10,
  BitwiseXor: 11,
  BitShiftLeft: 12,
  BitShiftRight: 13,
  And: 14,
  Or: 15,
  Xor: 16,
  Equal: 17,
  Greater: 18,
  GreaterOrEqual: 19,
  Less: 20,
  LessOrEqual: 21,
};

const UNARY: { readonly [F in UnaryFunction]?: number } = { Abs: 0, Neg: 1, Sign: 2, Relu: 3, BitwiseNot: 4, Not: 5 };

const REDUCE: { readonly [F in ReduceFunction]?: number } = {
  L1: 0,
  Max: 1,
  Mean: 2,
  Min: 3,
  Prod: 4,
  Sum: 5,
  SumSquare: 6,
};

const SCATTER: { readonly [R in OpOf<'ScatterND'>['reduction']]: number } = { none: 0, add: 1, mul: 2, max: 3, min: 4 };

const ACTIVATIONS: Readonly<Record<string, number>> = {
  relu: 0,
  tanh: 1,
  sigmoid: 2,
  affine: 3,
  leakyrelu: 4,
  thresholdedrelu: 5,
  scaledtanh: 6,
  hardsigmoid: 7,
  elu: 8,
  softsign: 9,
  softplus: 10,
};

function known(code: number | undefined, what: string): number {
  if (code === undefined) throw new LoweringError(`${what} has no kernel for integers`);
  return code;
}

export function binaryCode(fn: BinaryFunction): number {
  return known(BINARY[fn], fn);
}

export function unaryCode(fn: UnaryFunction): number {
  return known(UNARY[fn], fn);
}

export function reduceCode(fn: ReduceFunction): number {
  return known(REDUCE[fn], fn);
}

export function scatterCode(reduction: OpOf<'ScatterND'>['reduction']): number {
  return SCATTER[reduction];
}

/** Names as in ONNX, in any case. */
export function activationCode(fn: string): number {
  const code = ACTIVATIONS[fn.toLowerCase()];
  if (code === undefined) throw new LoweringError(`the activation ${fn} has no kernel`);
  return code;
}
