/**
 * NumPy's .npy and .npz files as tensors (NEP 1, format versions 1.0 to 3.0). Little-endian; Fortran order is turned into C order.
 */
import { allocate, bitsOf, type DType } from './dtype.ts';
import { elementCount, stridesOf, type Tensor } from './tensor.ts';
import { readZip, writeZip } from './zip.ts';

/** The file is not a readable .npy; the message says why. */
export class NpyError extends Error {
  override readonly name = 'NpyError';
}

const DTYPE_OF: Readonly<Record<string, DType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  b1: 'bool',
};
const MAGIC = '\x93NUMPY';

/** The tensor in a .npy file. Throws NpyError. */
export function readNpy(file: Uint8Array): Tensor {
  const { header, dataStart } = readHeader(file);
  const descr = /'descr'\s*:\s*'([<>|=])([a-zA-Z]\d+)'/.exec(header);
  if (descr === null) throw new NpyError('structured or object arrays cannot be read; save a plain numeric array');
  const [, order = '', code = ''] = descr;
  const dtype = DTYPE_OF[code];
  if (dtype === undefined)
    throw new NpyError(`element type ${code} cannot be read; convert it with .astype(numpy.float32)`);
  if (order === '>' && bitsOf(dtype) > 8) {
    throw new NpyError(`big-endian data cannot be read; convert it with .astype('<${code}')`);
  }
  const shape = readShape(header);
  const count = elementCount(shape);
  const byteCount = (count * bitsOf(dtype)) / 8;
  if (file.length - dataStart < byteCount) {
    throw new NpyError(
      `cut off: shape [${shape.join(', ')}] of ${dtype} needs ${byteCount} bytes, ${file.length - dataStart} are there`,
    );
  }
  const data = allocate(dtype, count);
  // Copied: the file's bytes may lie at any alignment.
  new Uint8Array(data.buffer).set(file.subarray(dataStart, dataStart + byteCount));
  const tensor: Tensor = { dtype, shape, data };
  return /'fortran_order'\s*:\s*True/.test(header) && shape.length > 1 ? toCOrder(tensor) : tensor;
}

function readHeader(file: Uint8Array): { header: string; dataStart: number } {
  const magic = String.fromCharCode(...file.subarray(0, 6));
  if (magic !== MAGIC) throw new NpyError('not a .npy file: it does not start with \\x93NUMPY');
  const major = file[6] ?? 0;
  if (file.length < 12 || major < 1 || major > 3) throw new NpyError(`.npy format version ${major} cannot be read`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > file.length) throw new NpyError('cut off within the header');
  return { header: new TextDecoder().decode(file.subarray(start, start + length)), dataStart: start + length };
}

function readShape(header: string): number[] {
  const match = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header);
  if (match === null) throw new NpyError('the header has no shape');
  const shape = (match[1] ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [Number.parseInt(part, 10)]));
  if (!Number.isSafeInteger(elementCount(shape) * 8)) throw new NpyError(`shape [${shape.join(', ')}] is too large`);
  return shape;
}

function toCOrder(source: Tensor): Tensor {
  const { dtype, shape } = source;
  const reversed = [...shape].reverse();
  const fortranStrides = stridesOf(reversed).reverse();
  const data = allocate(dtype, source.data.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    let from = 0;
    for (let axis = 0; axis < shape.length; axis++) from += (index[axis] ?? 0) * (fortranStrides[axis] ?? 0);
    data[i] = source.data[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (next !== shape[axis]) break;
    }
  }
  return { dtype, shape, data };
}

/** A .npy file (format 1.0) holding `tensor`; 4-bit integers are written one per byte. */
export function writeNpy(tensor: Tensor): Uint8Array {
  const stored: DType = tensor.dtype === 'int4' ? 'int8' : tensor.dtype === 'uint4' ? 'uint8' : tensor.dtype;
  const code = Object.entries(DTYPE_OF).find(([, dtype]) => dtype === stored)?.[0] ?? '';
  const order = bitsOf(stored) > 8 ? '<' : '|';
  const shape = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ');
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  const padded = `${text}${' '.repeat(63 - ((10 + text.length) % 64))}\n`;
  const data = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  const file = new Uint8Array(10 + padded.length + data.length);
  file.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, padded.length & 0xff, padded.length >> 8]);
  file.set(new TextEncoder().encode(padded), 10);
  file.set(data, 10 + padded.length);
  return file;
}

/** The arrays of a .npz archive by name. Throws ZipError or NpyError. */
export function readNpz(file: Uint8Array): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const entry of readZip(file)) {
    if (entry.name.endsWith('.npy')) tensors.set(entry.name.slice(0, -'.npy'.length), readNpy(entry.bytes));
  }
  return tensors;
}

export function writeNpz(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  return writeZip([...tensors].map(([name, tensor]) => ({ name: `${name}.npy`, bytes: writeNpy(tensor) })));
}
