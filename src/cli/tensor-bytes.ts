/** Tensors as the bytes that devices read and write. */
import type { Port, Tensor } from '@tinypareto/evaluators';

/** A view of the tensor's memory; nothing for a tensor that is not there. */
export function tensorBytes(tensor: Tensor | undefined): Uint8Array {
  if (tensor === undefined) return new Uint8Array();
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** The outputs of a program by name, from the bytes of each. */
export async function tensorsOf(ports: readonly Port[], bytes: readonly Uint8Array[]): Promise<Map<string, Tensor>> {
  const { allocate } = await import('@tinypareto/evaluators');
  return new Map(
    ports.map((port, i) => {
      const data = allocate(port.dtype, port.elements);
      new Uint8Array(data.buffer).set(bytes[i] ?? new Uint8Array());
      return [port.name, { dtype: port.dtype, shape: port.shape, data }];
    }),
  );
}
