/** Tensors as a generated network takes and gives them: half precision travels as float32. */
import { allocate } from '../../ir/dtype.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { arrayOf, elementType } from '../element-type.ts';
import type { Port } from '../program.ts';

/** The bytes that stand for `value` at an input. */
export function portBytes(value: Tensor): Uint8Array {
  const { data } = value;
  if (elementType(value.dtype) !== 'float' || data instanceof Float32Array) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return new Uint8Array(Float32Array.from(data, Number).buffer);
}

/** The tensor that the bytes of an output stand for. Throws RangeError when their number is wrong. */
export function portTensor(port: Port, bytes: Uint8Array): Tensor {
  if (bytes.length !== port.bytes) throw new RangeError(`${port.id} has ${port.bytes} bytes, got ${bytes.length}`);
  const stored = arrayOf(port.type, port.elements);
  new Uint8Array(stored.buffer).set(bytes);
  const data = allocate(port.dtype, port.elements);
  if (stored.constructor === data.constructor) new Uint8Array(data.buffer).set(bytes);
  else for (let i = 0; i < data.length; i++) data[i] = Number(stored[i]);
  return { dtype: port.dtype, shape: port.shape, data } as Tensor;
}
