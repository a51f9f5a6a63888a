/** Data sets: what is read, and what is refused with which words. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { writeNpy, writeNpz } from '../../../evaluators/ir/npy.ts';
import { type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import {
  checkDataset,
  type Dataset,
  IDENTITY,
  spreadSamples,
  writeSample,
} from '../../../evaluators/train/data/dataset.ts';
import { DatasetError } from '../../../evaluators/train/data/dataset-error.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dataset-'));

function file(name: string, bytes: Uint8Array | string): string {
  writeFileSync(path.join(folder, name), bytes);
  return name;
}

function idx(type: number, shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, type);
  header.setUint8(3, shape.length);
  shape.forEach((size, i) => {
    header.setUint32(4 + 4 * i, size);
  });
  return Buffer.concat([new Uint8Array(header.buffer), data]);
}

function refuses(code: string, pattern: RegExp, load: () => unknown): void {
  assert.throws(load, (error) => {
    assert.ok(error instanceof DatasetError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    assert.ok(error.where.length > 0 && error.hint.length > 0);
    return true;
  });
}

test('the builtin mnist has 60,000 and 10,000 digits', () => {
  const mnist = loadDataset({ kind: 'builtin', builtin: 'mnist' });
  assert.deepEqual(mnist.inputShape, [1, 28, 28]);
  assert.equal(mnist.train.count, 60000);
  assert.equal(mnist.test.count, 10000);
  assert.equal(mnist.classes, 10);
  const counts = new Array<number>(10).fill(0);
  for (const label of mnist.train.labels) counts[label]++;
  assert.deepEqual(counts.slice(0, 3), [5923, 6742, 5958]);
  const out = new Float32Array(784);
  writeSample(mnist, mnist.train, 0, out, 0);
  assert.ok(Math.max(...out) === 1 && Math.min(...out) === 0);
});

test('idx files, plain and gzipped, with a held-out share when no test files are given', () => {
  const images = idx(
    8,
    [10, 2, 3],
    Uint8Array.from({ length: 60 }, (_, i) => i),
  );
  const spec = {
    kind: 'idx' as const,
    images: file('images.gz', gzipSync(images)),
    labels: file(
      'labels',
      idx(
        8,
        [10],
        Uint8Array.from({ length: 10 }, (_, i) => i % 3),
      ),
    ),
  };
  const { train, test: held, inputShape, classes } = loadDataset(spec, folder);
  assert.deepEqual([train.count, held.count, classes], [8, 2, 3]);
  assert.deepEqual(inputShape, [1, 2, 3]);
  assert.equal(held.samples[0], 48);
  assert.equal(held.labels[1], 0);
});

test('npy, npz and csv', () => {
  const x = tensor(
    'float32',
    [5, 4],
    Float32Array.from({ length: 20 }, (_, i) => i / 7),
  );
  const y = tensor('int64', [5], BigInt64Array.from([0n, 1n, 0n, 1n, 1n]));
  const npy = loadDataset(
    { kind: 'npy', images: file('x.npy', writeNpy(x)), labels: file('y.npy', writeNpy(y)) },
    folder,
  );
  assert.deepEqual([npy.train.count, npy.test.count], [4, 1]);
  assert.deepEqual(npy.inputShape, [4]);
  const arrays = new Map<string, Tensor>([
    ['x_train', x],
    ['y_train', y],
    ['x_test', x],
    ['y_test', y],
  ]);
  const npz = loadDataset({ kind: 'npz', file: file('d.npz', writeNpz(arrays)), inputShape: [2, 2] }, folder);
  assert.deepEqual([npz.train.count, npz.test.count, npz.inputShape], [5, 5, [2, 2]]);
  const csv = loadDataset(
    { kind: 'csv', file: file('d.csv', 'a,label,b\n1,0,2\n3,1,4\n5,1,6\n7,0,8\n9,0,1\n') },
    folder,
  );
  assert.deepEqual(csv.inputShape, [2]);
  assert.deepEqual([...csv.train.samples], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...csv.train.labels], [0, 1, 1, 0]);
});

test('normalisation per channel', () => {
  const split = { count: 1, samples: Float32Array.of(1, 2, 3, 4), labels: Int32Array.of(0) };
  const normalisation = { scale: 2, mean: [1, 3], std: [0.5, 2] };
  const dataset: Dataset = { name: 'd', inputShape: [2, 2], classes: 1, train: split, test: split, normalisation };
  const out = new Float32Array(4);
  writeSample(dataset, split, 0, out, 0);
  assert.deepEqual([...out], [2, 6, 1.5, 2.5]);
});

test('refuses what cannot be right', () => {
  refuses('DATASET_NOT_FOUND', /does not exist/, () => loadDataset({ kind: 'csv', file: 'nowhere.csv' }, folder));
  refuses('DATASET_FORMAT', /not an idx file/, () =>
    loadDataset({ kind: 'idx', images: file('bad', 'hello'), labels: 'bad' }, folder),
  );
  const cut = file('cut', idx(8, [10, 2, 3], new Uint8Array(59)));
  refuses('DATASET_FORMAT', /59 bytes.*needs 60/, () => loadDataset({ kind: 'idx', images: cut, labels: cut }, folder));
  const images = file('ten', idx(8, [10, 2, 3], new Uint8Array(60)));
  const nine = file('nine', idx(8, [9], new Uint8Array(9)));
  refuses('SHAPE_MISMATCH', /10 samples/, () => loadDataset({ kind: 'idx', images, labels: nine }, folder));
  refuses('DATASET_FORMAT', /line|is not a number/, () =>
    loadDataset({ kind: 'csv', file: file('c.csv', 'a,b\n1,x\n') }, folder),
  );
  refuses('LABEL_OUT_OF_RANGE', /label 2 .* outside 0\.\.1/, () =>
    loadDataset({ kind: 'csv', file: file('l.csv', 'a,label\n1,0\n2,2\n3,1\n4,1\n5,1\n'), classes: 2 }, folder),
  );
  refuses('LABEL_OUT_OF_RANGE', /l2\.csv:3: label 0\.5 is no whole number/, () =>
    loadDataset({ kind: 'csv', file: file('l2.csv', 'a,label\n1,0\n2,0.5\n') }, folder),
  );
  const split = { count: 1, samples: Float32Array.of(Number.NaN), labels: Int32Array.of(0) };
  const dataset: Dataset = {
    name: 'd',
    inputShape: [1],
    classes: 1,
    train: split,
    test: split,
    normalisation: IDENTITY,
  };
  refuses('NOT_FINITE', /sample 0 .* NaN/, () => checkDataset(dataset));
});

test('samples spread over a split are copies of it', () => {
  const samples = Buffer.from(Array.from({ length: 20 }, (_, i) => i));
  const labels = Int32Array.from({ length: 10 }, (_, i) => i);
  const targets = Float32Array.from({ length: 10 }, (_, i) => i / 10);
  const before = Buffer.from(samples);
  const spread = spreadSamples({ count: 10, samples, labels, targets }, 4);
  assert.deepEqual([...spread.labels], [1, 3, 6, 8]);
  assert.deepEqual([...spread.samples], [2, 3, 6, 7, 12, 13, 16, 17]);
  assert.deepEqual(
    [...(spread.targets ?? [])].map((value) => Math.round(10 * value)),
    [1, 3, 6, 8],
  );
  assert.deepEqual(samples, before, 'the split itself is as it was');
});
