/** ONNX's element type numbers (TensorProto.DataType) and ours. */
import type { DType } from '../ir/dtype.ts';

const DTYPE_OF_NUMBER: ReadonlyMap<number, DType> = new Map<number, DType>([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [21, 'uint4'],
  [22, 'int4'],
]);

const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'undefined'],
  [8, 'string'],
  [14, 'complex64'],
  [15, 'complex128'],
  [16, 'bfloat16'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
  [23, 'float4e2m1'],
]);

const NUMBER_OF_DTYPE: ReadonlyMap<DType, number> = new Map(
  [...DTYPE_OF_NUMBER].map(([number, dtype]) => [dtype, number]),
);

/** Our type for ONNX's number; undefined for strings, complex numbers and other types that no microcontroller kernel has. */
export function dtypeOfNumber(number: number): DType | undefined {
  return DTYPE_OF_NUMBER.get(number);
}

/** ONNX's name of a type number, for messages. */
export function elementTypeName(number: number): string {
  return DTYPE_OF_NUMBER.get(number) ?? NAMES.get(number) ?? `element type ${number}`;
}

/** ONNX's number for our type. */
export function numberOfDtype(dtype: DType): number {
  const number = NUMBER_OF_DTYPE.get(dtype);
  if (number === undefined) throw new Error(`no ONNX element type for ${dtype}`);
  return number;
}
