/** Reads the reference inputs and outputs beside the models in ../shared. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import type { Tensor } from '../../../evaluators/ir/tensor.ts';
import { importOnnx } from '../../../evaluators/onnx/import-onnx.ts';
import { sharedPath } from '../../support/shared.ts';

interface Entry {
  readonly kind: string;
  readonly name: string;
  readonly dtype: 'float32' | 'int8' | 'uint8';
  readonly shape: readonly number[];
  readonly file: string;
  readonly offset: number;
  readonly bytes_per_sample: number;
}

const ARRAYS = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array };

export interface ReferenceModel {
  readonly graph: Graph;
  readonly samples: number;
  tensors(kind: string, sample: number): { readonly name: string; readonly tensor: Tensor }[];
}

/** A model of ../shared/models by its path without the ending, for example `lenet/lenet-mnist.int8-pc`. */
export function referenceModel(name: string): ReferenceModel {
  const base = sharedPath('models', name);
  const meta = JSON.parse(readFileSync(`${base}.io.json`, 'utf8')) as { samples: number; tensors: Entry[] };
  return {
    graph: readModel(name),
    samples: meta.samples,
    tensors: (kind, sample) =>
      meta.tensors
        .filter((entry) => entry.kind === kind)
        .map(({ name: value, dtype, shape, file, offset, bytes_per_sample: bytes }) => {
          const content = readFileSync(path.join(path.dirname(base), file));
          const start = content.byteOffset + offset + sample * bytes;
          const data = new ARRAYS[dtype](content.buffer.slice(start, start + bytes));
          return { name: value, tensor: { dtype, shape, data } as Tensor };
        }),
  };
}

export function readModel(name: string): Graph {
  return importOnnx(new Uint8Array(readFileSync(`${sharedPath('models', name)}.onnx`)));
}
