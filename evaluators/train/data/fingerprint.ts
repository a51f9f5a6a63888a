/** What the training samples of a data set are, as a short text: equal for equal numbers in the same order. */
import { createHash } from 'node:crypto';
import type { Dataset } from './dataset.ts';

const known = new WeakMap<Dataset['train'], string>();

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Of the samples, labels and targets trained on, and of their normalisation. */
export function fingerprint({ train, normalisation, inputShape, classes }: Dataset): string {
  let samples = known.get(train);
  if (samples === undefined) {
    const hash = createHash('sha256').update(bytesOf(train.samples)).update(bytesOf(train.labels));
    if (train.targets !== undefined) hash.update(bytesOf(train.targets));
    samples = hash.digest('hex');
    known.set(train, samples);
  }
  return JSON.stringify([samples, normalisation, inputShape, classes]);
}
