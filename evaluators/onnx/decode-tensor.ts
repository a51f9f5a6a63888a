/**
 * TensorProto -> Tensor. Sizes are checked against the bytes that are really there before anything is allocated; references to
 * external files are refused.
 */
import { allocate, type DType, type TypedArray } from '../ir/dtype.ts';
import type { Tensor } from '../ir/tensor.ts';
import { dtypeOfNumber, elementTypeName } from './element-types.ts';
import type { TensorProto } from './generated/onnx_pb.js';
import { ProblemFound } from './import-error.ts';
import type { ImportLimits } from './limits.ts';

const EXTERNAL = 1;

function bad(message: string): ProblemFound {
  return new ProblemFound(
    'BAD_TENSOR',
    message,
    'The file is damaged or was written by a faulty exporter; export the model again.',
  );
}

/** Checked dimensions of a stored tensor. */
function dimensions(proto: TensorProto, limits: ImportLimits): { shape: number[]; count: number } {
  if (proto.dims.length > limits.rank)
    throw bad(`it has ${proto.dims.length} axes, at most ${limits.rank} are allowed`);
  let count = 1;
  const shape = proto.dims.map((dim) => {
    if (dim < 0n || dim > BigInt(limits.tensorElements)) throw bad(`size ${dim} of an axis is out of range`);
    count *= Number(dim);
    if (count > limits.tensorElements)
      throw new ProblemFound(
        'TOO_LARGE',
        `it claims more than ${limits.tensorElements} elements`,
        'No microcontroller can hold such a tensor.',
      );
    return Number(dim);
  });
  return { shape, count };
}

const BYTES: Partial<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  float64: 8,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
};

function fromRaw(dtype: DType, raw: Uint8Array, count: number): TypedArray {
  const packed = dtype === 'int4' || dtype === 'uint4';
  const expected = packed ? Math.ceil(count / 2) : count * (BYTES[dtype] ?? 1);
  if (raw.length !== expected) throw bad(`it has ${raw.length} bytes of data, its type and shape need ${expected}`);
  if (packed) return unpackNibbles(dtype, raw, count);
  const data: TypedArray = allocate(dtype, count);
  new Uint8Array(data.buffer).set(raw);
  if (dtype === 'bool') for (let i = 0; i < count; i++) data[i] = raw[i] === 0 ? 0 : 1;
  return data;
}

/** Two elements a byte, the first in the low half. */
function unpackNibbles(dtype: 'int4' | 'uint4', bytes: ArrayLike<number>, count: number): TypedArray {
  const data = allocate(dtype, count);
  for (let i = 0; i < count; i++) {
    const nibble = (bytes[i >> 1] >> (i & 1 ? 4 : 0)) & 15;
    data[i] = dtype === 'int4' && nibble > 7 ? nibble - 16 : nibble;
  }
  return data;
}

function lengthCheck(found: number, expected: number): void {
  if (found !== expected) throw bad(`it has ${found} elements, its shape needs ${expected}`);
}

/** Data in the typed fields instead of `raw_data`. */
function fromFields(dtype: DType, proto: TensorProto, count: number): TypedArray {
  switch (dtype) {
    case 'float32':
      lengthCheck(proto.floatData.length, count);
      return Float32Array.from(proto.floatData);
    case 'float64':
      lengthCheck(proto.doubleData.length, count);
      return Float64Array.from(proto.doubleData);
    case 'int64':
      lengthCheck(proto.int64Data.length, count);
      return BigInt64Array.from(proto.int64Data);
    case 'uint64':
      lengthCheck(proto.uint64Data.length, count);
      return BigUint64Array.from(proto.uint64Data);
    case 'uint32':
      lengthCheck(proto.uint64Data.length, count);
      return Uint32Array.from(proto.uint64Data, Number);
    case 'float16':
      lengthCheck(proto.int32Data.length, count);
      return new Float16Array(Uint16Array.from(proto.int32Data).buffer);
    case 'int4':
    case 'uint4':
      lengthCheck(proto.int32Data.length, Math.ceil(count / 2));
      return unpackNibbles(dtype, proto.int32Data, count);
    default: {
      lengthCheck(proto.int32Data.length, count);
      const data = allocate(dtype, count);
      for (let i = 0; i < count; i++) data[i] = proto.int32Data[i];
      return data;
    }
  }
}

/** The tensor that `proto` stores. Throws `ProblemFound`. */
export function decodeTensor(proto: TensorProto, limits: ImportLimits): Tensor {
  if (proto.dataLocation === EXTERNAL || proto.externalData.length > 0) {
    throw new ProblemFound(
      'EXTERNAL_DATA',
      'its data is in another file, which is never read',
      'Save the model with all data inside (onnx.save with save_as_external_data=False).',
    );
  }
  if (proto.segment !== undefined) throw bad('it is stored in segments, which ONNX no longer allows');
  const dtype = dtypeOfNumber(proto.dataType);
  if (dtype === undefined) {
    throw new ProblemFound(
      'UNSUPPORTED_TYPE',
      `it holds ${elementTypeName(proto.dataType)}`,
      'Convert it to a float, integer or bool type.',
    );
  }
  const { shape, count } = dimensions(proto, limits);
  const data = proto.rawData.length > 0 ? fromRaw(dtype, proto.rawData, count) : fromFields(dtype, proto, count);
  return { dtype, shape, data } as Tensor;
}
