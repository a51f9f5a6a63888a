/** The idx format of MNIST (LeCun): two zero bytes, element type, rank, big-endian sizes, then the numbers; plain or gzip. */
import { gunzipSync } from 'node:zlib';
import { DatasetError } from './dataset-error.ts';

export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Float32Array;
}

const UINT8 = 0x08;
const FLOAT32 = 0x0d;
const HINT = 'an idx file starts with 00 00, then 08 (bytes) or 0d (floats), then the number of axes';

/** Reads an idx file's bytes; `where` names the file in errors. */
export function parseIdx(file: Uint8Array, where: string): IdxArray {
  let bytes = file;
  if (file[0] === 0x1f && file[1] === 0x8b) {
    try {
      bytes = gunzipSync(file);
    } catch (cause) {
      throw new DatasetError(
        'DATASET_FORMAT',
        `${where} is not valid gzip: ${String(cause)}`,
        where,
        'fetch the file again',
      );
    }
  }
  const type = bytes[2];
  const rank = bytes[3];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || (type !== UINT8 && type !== FLOAT32) || rank < 1) {
    throw new DatasetError('DATASET_FORMAT', `${where} is not an idx file`, where, HINT);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw new DatasetError('DATASET_FORMAT', `${where} ends inside its header`, where, HINT);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  const width = type === UINT8 ? 1 : 4;
  if (bytes.length !== header + count * width) {
    const text = `${where} has ${bytes.length - header} bytes for shape [${shape.join(', ')}], which needs ${count * width}`;
    throw new DatasetError('DATASET_FORMAT', text, where, 'the file is cut off or its header is wrong');
  }
  if (type === UINT8) return { shape, data: bytes.subarray(header) };
  return { shape, data: Float32Array.from({ length: count }, (_, i) => view.getFloat32(header + 4 * i)) };
}
