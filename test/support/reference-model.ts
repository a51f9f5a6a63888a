/** A model of ../shared with its reference inputs and outputs (format: the README beside the models). */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DType } from '../../evaluators/ir/dtype.ts';
import type { Graph } from '../../evaluators/ir/graph.ts';
import { type Tensor, tensor } from '../../evaluators/ir/tensor.ts';
import { importOnnx } from '../../evaluators/onnx/import-onnx.ts';
import { sharedPath } from './shared.ts';

interface TensorEntry {
  readonly kind: string;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly file: string;
  readonly offset: number;
  readonly bytes_per_sample: number;
}

export interface ReferenceModel {
  readonly graph: Graph;
  readonly samples: number;
  /** Bytes of each tensor of a kind (`input`, `output`, `output_fused`) for one sample. */
  readonly bytes: (kind: string, sample: number) => Uint8Array[];
  /** Inputs of one sample by name. */
  readonly inputs: (sample: number) => Map<string, Tensor>;
}

/** `name` is relative to models/, without `.onnx`: `lenet/lenet5-classic.int8-pc`. */
export function referenceModel(name: string): ReferenceModel {
  const path = sharedPath('models', ...name.split('/'));
  const io = JSON.parse(readFileSync(`${path}.io.json`, 'utf8')) as {
    samples: number;
    tensors: readonly TensorEntry[];
  };
  const bytesOf = (entry: TensorEntry, sample: number): Uint8Array => {
    const start = entry.offset + sample * entry.bytes_per_sample;
    return Uint8Array.from(
      readFileSync(join(dirname(path), entry.file)).subarray(start, start + entry.bytes_per_sample),
    );
  };
  const ofKind = (kind: string) => io.tensors.filter((entry) => entry.kind === kind);
  return {
    graph: importOnnx(readFileSync(`${path}.onnx`)),
    samples: io.samples,
    bytes: (kind, sample) => ofKind(kind).map((entry) => bytesOf(entry, sample)),
    inputs: (sample) =>
      new Map(
        ofKind('input').map((entry) => [entry.name, tensorOfBytes(entry.dtype, entry.shape, bytesOf(entry, sample))]),
      ),
  };
}

export function tensorOfBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const { buffer } = Uint8Array.from(bytes);
  switch (dtype) {
    case 'float32':
      return tensor('float32', shape, new Float32Array(buffer));
    case 'int8':
      return tensor('int8', shape, new Int8Array(buffer));
    case 'uint8':
      return tensor('uint8', shape, new Uint8Array(buffer));
    case 'int64':
      return tensor('int64', shape, new BigInt64Array(buffer));
    default:
      throw new Error(`no test reads ${dtype}`);
  }
}

export function bytesOfTensor({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
