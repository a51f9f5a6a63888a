/** The operator tests of ../shared/models/onnx-node: a model, and inputs and outputs as serialized TensorProtos. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import type { Tensor } from '@tinypareto/evaluators';
import { decodeTensor } from '../../evaluators/onnx/decode-tensor.ts';
import { ModelProtoSchema, TensorProtoSchema } from '../../evaluators/onnx/generated/onnx_pb.js';
import { DEFAULT_LIMITS } from '../../evaluators/onnx/limits.ts';
import { sharedPath } from './shared.ts';

export interface NodeCase {
  readonly name: string;
  readonly model: Uint8Array;
  /** One entry per data set. */
  readonly sets: readonly {
    readonly inputs: ReadonlyMap<string, Tensor>;
    readonly outputs: ReadonlyMap<string, Tensor>;
  }[];
}

/** Names of all cases. */
export function nodeCaseNames(): string[] {
  const folder = sharedPath('models', 'onnx-node');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function readTensors(folder: string, role: 'input' | 'output', names: readonly string[]): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  names.forEach((name, i) => {
    const file = path.join(folder, `${role}_${i}.pb`);
    if (existsSync(file))
      tensors.set(name, decodeTensor(fromBinary(TensorProtoSchema, readFileSync(file)), DEFAULT_LIMITS));
  });
  return tensors;
}

export function readNodeCase(name: string): NodeCase {
  const folder = sharedPath('models', 'onnx-node', name);
  const model = readFileSync(path.join(folder, 'model.onnx'));
  const { graph } = fromBinary(ModelProtoSchema, model);
  const stored = new Set(graph?.initializer.map((tensor) => tensor.name));
  const inputs = (graph?.input ?? []).map((input) => input.name).filter((input) => !stored.has(input));
  const outputs = (graph?.output ?? []).map((output) => output.name);
  const sets = readdirSync(folder)
    .filter((entry) => entry.startsWith('test_data_set_'))
    .map((entry) => ({
      inputs: readTensors(path.join(folder, entry), 'input', inputs),
      outputs: readTensors(path.join(folder, entry), 'output', outputs),
    }));
  return { name, model, sets };
}
