/** The engine's forward pass against ONNX Runtime on every float model of ../shared, and one training step on each classifier. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { importOnnx } from '../../../evaluators/onnx/import-onnx.ts';
import { compileInference, compileTraining } from '../../../evaluators/train/training-program.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

interface Entry {
  readonly kind: string;
  readonly name: string;
  readonly offset: number;
  readonly bytes_per_sample: number;
  readonly file?: string;
}
interface Io {
  readonly bin?: string;
  readonly samples: number;
  readonly tensors: readonly Entry[];
}

const QUANTIZED = /int8|uint8|qop|dynamic|w4a8|w8a16/;
/** Relative to the largest output (the models' README). */
const TOLERANCE = 1e-5;

function models(): string[] {
  return ['lenet', 'mlperf-tiny', 'har', 'fuzz-nets'].flatMap((folder) => {
    const full = sharedPath('models', folder);
    if (!existsSync(full)) return [];
    const names = readdirSync(full).filter((name) => name.endsWith('.onnx') && !QUANTIZED.test(name));
    return names.map((name) => path.join(full, name));
  });
}

function reader(file: string, io: Io) {
  return (entry: Entry, sample: number): Float32Array => {
    const bytes = readFileSync(path.join(path.dirname(file), entry.file ?? io.bin ?? ''));
    const from = bytes.byteOffset + entry.offset + sample * entry.bytes_per_sample;
    return new Float32Array(bytes.buffer.slice(from, from + entry.bytes_per_sample));
  };
}

test('forward equals ONNX Runtime', { skip: skipWithoutShared() }, (t) => {
  let worst = 0;
  let count = 0;
  for (const file of models()) {
    const graph = importOnnx(readFileSync(file));
    const io = JSON.parse(readFileSync(file.replace('.onnx', '.io.json'), 'utf8')) as Io;
    const read = reader(file, io);
    const input = io.tensors.find(({ kind }) => kind === 'input');
    const output = io.tensors.find(({ kind, name }) => kind === 'output' && name === graph.outputs[0]);
    assert.ok(input !== undefined && output !== undefined, file);
    const samples = Math.min(4, io.samples);
    const program = compileInference(graph, samples);
    const width = program.input.length / samples;
    for (let i = 0; i < samples; i++) program.input.set(read(input, i), i * width);
    program.run();
    for (let i = 0; i < samples; i++) {
      const expected = read(output, i);
      const top = expected.reduce((a, v) => Math.max(a, Math.abs(v)), 1e-6);
      const off = expected.reduce((a, v, k) => Math.max(a, Math.abs(v - program.output[i * program.width + k])), 0);
      worst = Math.max(worst, off / top);
      assert.ok(off <= TOLERANCE * top, `${path.basename(file)}, sample ${i}: off by ${off} of ${top}`);
    }
    count++;
  }
  t.diagnostic(`${count} models, worst relative difference ${worst.toExponential(1)}`);
  assert.ok(count >= 50);
});

test('a small step down the gradient lowers the loss of every kind of net', { skip: skipWithoutShared() }, () => {
  const names = [
    'lenet/lenet5-classic',
    'mlperf-tiny/ic-resnet8',
    'mlperf-tiny/kws-dscnn',
    'har/har-cnn1d',
    'har/har-lstm',
    'har/har-gru',
  ];
  for (const name of names) {
    const graph = importOnnx(readFileSync(sharedPath('models', `${name}.onnx`)));
    const program = compileTraining(graph, { batch: 4, batchNorm: 'frozen' });
    const scale = name.includes('resnet8') ? 128 : 1;
    for (let i = 0; i < program.input.length; i++) program.input[i] = scale * (1 + Math.sin(i * 0.37));
    for (let row = 0; row < 4; row++) program.target[row * program.classes + ((row * 3) % program.classes)] = 1;
    const before = program.forward();
    program.backward();
    const norm = program.gradientNorm();
    // A step of length 0.001 along the gradient predicts a fall of 0.001 · norm.
    program.update({ learningRate: 1e-3 / norm, momentum: 0, weightDecay: 0 });
    const fall = before - program.forward();
    assert.ok(fall > 0.5e-3 * norm && fall < 1.5e-3 * norm, `${name}: fell by ${fall}, predicted ${1e-3 * norm}`);
  }
});
