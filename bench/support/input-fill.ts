/** Input bytes for measurements: bytes of all values, floats between -1 and 1; the same for the same port. */
import type { Port } from '@tinypareto/evaluators';

export function fillInput(ports: readonly Pick<Port, 'type' | 'elements' | 'bytes'>[], input: number): Uint8Array {
  const port = ports[input];
  if (port === undefined) throw new RangeError(`no input ${input}`);
  const hash = (i: number): number => Math.imul(i + 1 + input, 2654435761) >>> 8;
  if (port.type === 'float') {
    return new Uint8Array(Float32Array.from({ length: port.elements }, (_, i) => (hash(i) / 2 ** 24) * 2 - 1).buffer);
  }
  return Uint8Array.from({ length: port.bytes }, (_, i) => hash(i) >>> 16);
}
