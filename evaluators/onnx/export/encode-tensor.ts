/** Tensor -> TensorProto, with the elements as little-endian raw data. */
import { create } from '@bufbuild/protobuf';
import type { Tensor } from '../../ir/tensor.ts';
import { numberOfDtype } from '../element-types.ts';
import { type TensorProto, TensorProtoSchema } from '../generated/onnx_pb.js';

function packNibbles(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  for (let i = 0; i < values.length; i++) bytes[i >> 1] |= (values[i] & 15) << (i & 1 ? 4 : 0);
  return bytes;
}

export function encodeTensor(name: string, tensor: Tensor): TensorProto {
  const { data, dtype, shape } = tensor;
  const packed = (data instanceof Int8Array && dtype === 'int4') || (data instanceof Uint8Array && dtype === 'uint4');
  const rawData = packed ? packNibbles(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: numberOfDtype(dtype), rawData });
}
