/** Reference inputs and outputs of the models in ../shared/models (see the README there). */
import { readFileSync } from 'node:fs';
import { type DType, elementCount, type Tensor } from '@tinypareto/evaluators';
import { sharedPath } from './shared.ts';

export interface ReferenceTensor {
  readonly kind: 'input' | 'output' | 'output_fused' | 'output_tflite';
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Absent: the file beside the JSON. */
  readonly file?: string;
  readonly offset: number;
  readonly bytes_per_sample: number;
}

export interface ReferenceIo {
  readonly file: string;
  readonly samples: number;
  readonly tensors: readonly ReferenceTensor[];
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/** Bytes of `folder`/`name`.onnx under ../shared/models. */
export function modelBytes(folder: string, name: string): Uint8Array {
  return readFileSync(sharedPath('models', folder, `${name}.onnx`));
}

export function referenceIo(folder: string, name: string): ReferenceIo {
  const io = JSON.parse(readFileSync(sharedPath('models', folder, `${name}.io.json`), 'utf8'));
  return { ...io, file: `${name}.io.bin` };
}

/** The tensors of one kind of sample `sample`, by name. */
export function referenceTensors(
  folder: string,
  io: ReferenceIo,
  kind: ReferenceTensor['kind'],
  sample: number,
): Map<string, Tensor> {
  const result = new Map<string, Tensor>();
  for (const entry of io.tensors) {
    if (entry.kind !== kind) continue;
    const bytes = readFileSync(sharedPath('models', folder, entry.file ?? io.file));
    const start = entry.offset + sample * entry.bytes_per_sample;
    const copy = Uint8Array.prototype.slice.call(bytes, start, start + entry.bytes_per_sample);
    const type = entry.dtype as keyof typeof ARRAYS;
    const data = new ARRAYS[type](copy.buffer, 0, elementCount(entry.shape));
    result.set(entry.name, { dtype: type, shape: entry.shape, data } as Tensor);
  }
  return result;
}

/** Largest difference of two tensors, relative to the largest magnitude in `expected`. */
export function relativeError(actual: Tensor, expected: Tensor): number {
  if (actual.data.length !== expected.data.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [Number(actual.data[i]), Number(expected.data[i])];
    largest = Math.max(largest, Math.abs(e));
    const difference = Object.is(a, e) || a === e ? 0 : Math.abs(a - e);
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  }
  return worst === 0 ? 0 : worst / Math.max(largest, Number.MIN_VALUE);
}
