/** Outputs of the real ONNX Runtime, from a Python that has it with onnx and numpy: many models in one process. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { allocate, type DType, elementCount, type Tensor } from '@tinypareto/evaluators';

export interface RuntimeJob {
  readonly model: Uint8Array;
  /** One entry per inference; all with the same names, types and shapes. */
  readonly samples: readonly ReadonlyMap<string, Tensor>[];
}

/**
 * `integer`: all optimisations, signed activations stay signed, so that quantized operators run in integer kernels. `default`: all optimisations as
 * the platform chooses. `none`: no optimisations, every QuantizeLinear literally in float.
 */
export type RuntimeLevel = 'integer' | 'default' | 'none';

/** Outputs per inference by name, or why the runtime refuses the model. */
export type RuntimeAnswer = RuntimeOutputs | { readonly error: string };

export interface RuntimeOutputs {
  readonly samples: readonly ReadonlyMap<string, Tensor>[];
  /** What the runtime made of the model: an operator type per node. */
  readonly operators: readonly string[];
}

/** Operators that move or convert numbers, and those that the runtime computes in integers. */
const INTEGER =
  /^(QLinear\w+|QGemm|QuantizeLinear|DequantizeLinear|Transpose|Reshape|Flatten|Squeeze|Unsqueeze|Concat|MaxPool|NhwcMaxPool)$/;

/** Whether the runtime computes nothing in float: it has no integer kernel for some operators, nor for 4-bit weights. */
export function runsInIntegers({ operators }: RuntimeOutputs): boolean {
  return operators.every((type) => INTEGER.test(type));
}

interface Described {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

interface Report {
  readonly version: string;
  readonly jobs: readonly (
    | { readonly outputs: readonly Described[]; readonly operators: readonly string[] }
    | { readonly error: string }
  )[];
}

const SCRIPT = resolve(import.meta.dirname, '../../scripts/onnx-runtime-outputs.py');

const bytesOf = (value: Tensor): Uint8Array =>
  new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);

function writeJob({ model, samples }: RuntimeJob, folder: string, index: number): object {
  const place = (role: string) => join(folder, `${index}-${role}`);
  writeFileSync(place('model.onnx'), model);
  const inputs = [...(samples[0] ?? [])].map(([name, { dtype, shape }], i) => {
    const parts = samples.map((sample) => {
      const value = sample.get(name);
      if (value === undefined) throw new RangeError(`no input ${name}`);
      return bytesOf(value);
    });
    writeFileSync(place(`input${i}`), Buffer.concat(parts));
    return { name, dtype, shape, file: place(`input${i}`) };
  });
  return { model: place('model.onnx'), inputs, samples: samples.length, output: place('output') };
}

function readOutputs(outputs: readonly Described[], file: string, samples: number): ReadonlyMap<string, Tensor>[] {
  const bytes = readFileSync(file);
  let at = 0;
  const read = ({ dtype, shape }: Described): Tensor => {
    const data = allocate(dtype, elementCount(shape));
    new Uint8Array(data.buffer).set(bytes.subarray(at, at + data.byteLength));
    at += data.byteLength;
    return { dtype, shape, data } as Tensor;
  };
  return Array.from({ length: samples }, () => new Map(outputs.map((each) => [each.name, read(each)])));
}

/** Runs all jobs. Needs room for the files in `folder`. */
export function runOnnxRuntime(
  python: string,
  jobs: readonly RuntimeJob[],
  folder: string,
  level: RuntimeLevel,
): { readonly version: string; readonly answers: readonly RuntimeAnswer[] } {
  const place = join(folder, 'onnx-runtime');
  mkdirSync(place, { recursive: true });
  try {
    const order = { level, jobs: jobs.map((job, index) => writeJob(job, place, index)) };
    writeFileSync(join(place, 'jobs.json'), JSON.stringify(order));
    const { status, stdout, stderr } = spawnSync(python, [SCRIPT, join(place, 'jobs.json')], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(`ONNX Runtime did not run: ${stderr.trim().split('\n').at(-1)}`);
    const report: Report = JSON.parse(stdout);
    const answers = report.jobs.map((answer, index): RuntimeAnswer => {
      if ('error' in answer) return answer;
      const count = jobs[index]?.samples.length ?? 0;
      return {
        samples: readOutputs(answer.outputs, join(place, `${index}-output`), count),
        operators: answer.operators,
      };
    });
    return { version: report.version, answers };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
