/** Accuracy of a model file on test samples, as ONNX Runtime itself computes it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Dataset, elementCount, importOnnx, tensor } from '@tinypareto/evaluators';
import { runOnnxRuntime } from '../../test/support/onnx-runtime.ts';

function normalised({ test, inputShape, normalisation: { scale, mean, std } }: Dataset, index: number): Float32Array {
  const width = elementCount(inputShape);
  const plane = width / mean.length;
  const sample = test.samples.subarray(index * width, (index + 1) * width);
  return Float32Array.from(sample, (value, i) => {
    const channel = Math.floor(i / plane);
    return (value * scale - mean[channel]) / std[Math.min(channel, std.length - 1)];
  });
}

/** Throws when the Python named has no onnxruntime, or it refuses the file. */
export function runtimeAccuracy(file: string, dataset: Dataset, python: string): number {
  const model = readFileSync(file);
  const [{ name, shape }] = importOnnx(model).inputs;
  const samples = Array.from(
    { length: dataset.test.count },
    (_, i) => new Map([[name, tensor('float32', shape, normalised(dataset, i))]]),
  );
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-runtime-'));
  try {
    const [answer] = runOnnxRuntime(python, [{ model, samples }], folder, 'default').answers;
    if (answer === undefined || 'error' in answer) throw new Error(`ONNX Runtime refuses ${file}: ${answer?.error}`);
    const right = answer.samples.filter((outputs, i) => {
      const [output] = outputs.values();
      const values = Array.from(output?.data ?? [], Number);
      return values.indexOf(Math.max(...values)) === dataset.test.labels[i];
    });
    return right.length / dataset.test.count;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
