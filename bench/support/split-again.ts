/** For data of which only the test split is here: a part of it, chosen by a seeded shuffle, becomes the training split. */
import type { Dataset, Split } from '@tinypareto/evaluators';
import { createRng } from '@tinypareto/optimizer';

function pick(split: Split, indices: readonly number[]): Split {
  const width = split.samples.length / split.count;
  const samples = split.samples.slice(0, indices.length * width);
  for (const [to, from] of indices.entries()) {
    samples.set(split.samples.subarray(from * width, (from + 1) * width), to * width);
  }
  return { count: indices.length, samples, labels: Int32Array.from(indices, (index) => split.labels[index]) };
}

/** `share` of the test samples for training, the others for testing; the former training samples are left out. */
export function splitAgain(dataset: Dataset, share: number): Dataset {
  const { test } = dataset;
  const rng = createRng(1, 0, 'split');
  const keys = Float64Array.from({ length: test.count }, () => rng.nextUint32());
  const order = Array.from({ length: test.count }, (_, i) => i).sort((a, b) => keys[a] - keys[b] || a - b);
  const count = Math.round(test.count * share);
  return { ...dataset, train: pick(test, order.slice(0, count)), test: pick(test, order.slice(count)) };
}
