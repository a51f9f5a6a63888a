/** Fills a training program's input and target with the batch of a given step: seeded order, augmentation, targets. */
import { elementCount } from '../../ir/tensor.ts';
import type { LossKind } from '../loss.ts';
import { createStream, permutation } from '../rng.ts';
import { type Augmentation, augmentSample, mixup } from './augment.ts';
import { type Dataset, writeSample } from './dataset.ts';

export interface FeederOptions {
  readonly batch: number;
  readonly seed: number;
  readonly augment: readonly Augmentation[];
  readonly loss: LossKind;
}

export interface BatchTarget {
  readonly input: Float32Array;
  readonly target: Float32Array;
  /** Numbers per sample in `target`. */
  readonly classes: number;
}

export class BatchFeeder {
  readonly #dataset: Dataset;
  readonly #options: FeederOptions;
  readonly perEpoch: number;
  #order: Int32Array = new Int32Array(0);
  #epoch = -1;

  constructor(dataset: Dataset, options: FeederOptions) {
    this.#dataset = dataset;
    this.#options = options;
    this.perEpoch = Math.max(1, Math.floor(dataset.train.count / options.batch));
  }

  /** Writes the batch of `step`; any step can be asked for in any order. Returns the classes of its samples. */
  fill(step: number, place: BatchTarget): Int32Array {
    const { batch, seed, augment } = this.#options;
    const { train, inputShape } = this.#dataset;
    const epoch = Math.floor(step / this.perEpoch);
    if (epoch !== this.#epoch) {
      this.#order = permutation(train.count, createStream(seed, `order/${epoch}`));
      this.#epoch = epoch;
    }
    const width = elementCount(inputShape);
    const first = (step % this.perEpoch) * batch;
    const labels = new Int32Array(batch);
    const stream = createStream(seed, `augment/${step}`);
    place.target.fill(0);
    for (let i = 0; i < batch; i++) {
      const index = this.#order[first + i];
      writeSample(this.#dataset, train, index, place.input, i * width);
      labels[i] = train.labels[index];
      this.#writeTarget(index, i, place);
      if (augment.length > 0) {
        augmentSample(place.input.subarray(i * width, (i + 1) * width), inputShape, augment, stream);
      }
    }
    if (augment.includes('mixup')) mixup(place.input, place.target, batch, stream);
    return labels;
  }

  /** One-hot class; given targets; or, for an autoencoder, the sample itself. */
  #writeTarget(index: number, row: number, { input, target, classes }: BatchTarget): void {
    const { train } = this.#dataset;
    if (train.targets !== undefined) {
      target.set(train.targets.subarray(index * classes, (index + 1) * classes), row * classes);
    } else if (this.#options.loss === 'mse') {
      target.set(input.subarray(row * classes, (row + 1) * classes), row * classes);
    } else if (classes === 1) {
      target[row] = train.labels[index];
    } else {
      target[row * classes + train.labels[index]] = 1;
    }
  }
}
