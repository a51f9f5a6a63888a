/** Labelled samples in memory, as stored on disk; normalisation happens when a batch is made. */
import type { Graph } from '../../ir/graph.ts';
import { elementCount } from '../../ir/tensor.ts';
import type { LossKind } from '../loss.ts';
import { DatasetError } from './dataset-error.ts';

export interface Split {
  readonly count: number;
  /** [count, ...inputShape], row-major. */
  readonly samples: Uint8Array | Float32Array;
  /** Class of each sample, 0-based. */
  readonly labels: Int32Array;
  /** Numbers to reach per sample, [count, outputs], when they are not a class (regression, several labels at once). */
  readonly targets?: Float32Array;
}

/** What the network sees: (stored * scale - mean[c]) / std[c], c = the sample's first axis (or 0 when one number is given). */
export interface Normalisation {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface Dataset {
  readonly name: string;
  /** Shape of one sample, without the batch axis: [C, H, W], [C, T] or [F]. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly train: Split;
  readonly test: Split;
  readonly normalisation: Normalisation;
}

export const IDENTITY: Normalisation = { scale: 1, mean: [0], std: [1] };

/** The first `count` samples of a split (all when it has fewer); shares memory. */
export function takeSamples(split: Split, count: number): Split {
  if (count >= split.count) return split;
  const width = split.samples.length / split.count;
  const { samples, labels, targets } = split;
  const part = { count, samples: samples.subarray(0, count * width), labels: labels.subarray(0, count) };
  return targets === undefined
    ? part
    : { ...part, targets: targets.subarray(0, (targets.length / split.count) * count) };
}

/** `count` samples of a split, evenly spread over it (all when it has fewer); a copy. */
export function spreadSamples(split: Split, count: number): Split {
  if (count >= split.count) return split;
  const width = split.samples.length / split.count;
  // Not `slice`: samples read from a file are a Buffer, whose slices share its memory.
  const samples =
    split.samples instanceof Float32Array ? new Float32Array(count * width) : new Uint8Array(count * width);
  const labels = new Int32Array(count);
  const outputs = (split.targets?.length ?? 0) / split.count;
  const targets = split.targets === undefined ? undefined : new Float32Array(count * outputs);
  for (let i = 0; i < count; i++) {
    const from = Math.floor(((i + 0.5) * split.count) / count);
    samples.set(split.samples.subarray(from * width, (from + 1) * width), i * width);
    labels[i] = split.labels[from];
    targets?.set(split.targets?.subarray(from * outputs, (from + 1) * outputs) ?? [], i * outputs);
  }
  return { count, samples, labels, ...(targets === undefined ? {} : { targets }) };
}

/** A data set with at most `train` and `test` samples. */
export function subset(dataset: Dataset, size: { readonly train?: number; readonly test?: number }): Dataset {
  return {
    ...dataset,
    train: takeSamples(dataset.train, size.train ?? Number.POSITIVE_INFINITY),
    test: takeSamples(dataset.test, size.test ?? Number.POSITIVE_INFINITY),
  };
}

function checkSplit(dataset: Dataset, split: Split, which: string): void {
  const where = `${dataset.name}/${which}`;
  if (split.count === 0) throw new DatasetError('EMPTY', `${where} has no samples`, where, 'check the files');
  const width = elementCount(dataset.inputShape);
  if (split.samples.length !== split.count * width || split.labels.length !== split.count) {
    const found = `${split.samples.length} numbers and ${split.labels.length} labels for ${split.count} samples`;
    const text = `${where}: ${found} of shape [${dataset.inputShape.join(', ')}]`;
    throw new DatasetError('SHAPE_MISMATCH', text, where, 'images and labels must have the same count');
  }
  const wrong = split.labels.findIndex((label) => label < 0 || label >= dataset.classes);
  if (wrong >= 0) {
    const text = `label ${split.labels[wrong]} of sample ${wrong} in ${where} is outside 0..${dataset.classes - 1}`;
    throw new DatasetError('LABEL_OUT_OF_RANGE', text, `${where}[${wrong}]`, 'labels are 0-based class numbers');
  }
  if (split.samples instanceof Float32Array) {
    const bad = split.samples.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      const sample = Math.floor(bad / width);
      const text = `sample ${sample} in ${where} holds ${split.samples[bad]}`;
      throw new DatasetError('NOT_FINITE', text, `${where}[${sample}]`, 'replace or remove the sample');
    }
  }
}

function checkNormalisation({ name, inputShape, normalisation: { scale, mean, std } }: Dataset): void {
  const channels = mean.length;
  const fits = channels > 0 && elementCount(inputShape) % channels === 0 && std.length > 0;
  if (fits && [scale, ...mean, ...std].every(Number.isFinite) && !std.includes(0)) return;
  const text = `${name}: normalisation (scale ${scale}, mean [${mean.join(', ')}], std [${std.join(', ')}]) cannot be applied to samples of shape [${inputShape.join(', ')}]`;
  throw new DatasetError(
    'BAD_NORMALISATION',
    text,
    name,
    'finite numbers, std above 0, one per channel or one for all',
  );
}

/** Throws DatasetError unless shapes, labels and numbers are sound; returns the data set. */
export function checkDataset(dataset: Dataset): Dataset {
  checkNormalisation(dataset);
  checkSplit(dataset, dataset.train, 'train');
  checkSplit(dataset, dataset.test, 'test');
  return dataset;
}

/**
 * Throws DatasetError when the graph cannot consume the samples, or does not answer with what the loss compares: one number per class;
 * one per target or input (mse); one per class or a single one for two classes (bce).
 */
export function checkModelFits(graph: Graph, dataset: Dataset, loss: LossKind = 'crossEntropy'): void {
  const wanted = graph.inputs[0]?.shape.slice(1) ?? [];
  if (elementCount(wanted) !== elementCount(dataset.inputShape)) {
    const text = `the model takes [${wanted.join(', ')}] per sample, ${dataset.name} has [${dataset.inputShape.join(', ')}]`;
    throw new DatasetError('SHAPE_MISMATCH', text, dataset.name, 'convert the samples to the model’s input shape');
  }
  const outputs = elementCount(graph.values.get(graph.outputs[0])?.shape.slice(1) ?? []);
  const { targets, count } = dataset.train;
  if (targets !== undefined || loss === 'mse') {
    const expected = targets === undefined ? elementCount(dataset.inputShape) : targets.length / count;
    if (outputs === expected) return;
    const text = `the model answers with ${outputs} numbers, ${dataset.name} has ${expected} to reach`;
    throw new DatasetError(
      'SHAPE_MISMATCH',
      text,
      dataset.name,
      'the targets must have the shape of the model’s output',
    );
  }
  if (loss === 'bce' && outputs === 1 && dataset.classes <= 2) return;
  if (outputs !== dataset.classes) {
    const text = `the model answers with ${outputs} numbers, ${dataset.name} has ${dataset.classes} classes`;
    throw new DatasetError('CLASSES_MISMATCH', text, dataset.name, 'use the data set the model was made for');
  }
}

/** Writes normalised sample `index` of `split` to `out` at `at`. */
export function writeSample(dataset: Dataset, split: Split, index: number, out: Float32Array, at: number): void {
  const width = elementCount(dataset.inputShape);
  const { scale, mean, std } = dataset.normalisation;
  const channels = mean.length;
  const plane = width / channels;
  const { samples } = split;
  for (let c = 0; c < channels; c++) {
    const factor = scale / std[c % std.length];
    const shift = mean[c] / std[c % std.length];
    const base = index * width + c * plane;
    const to = at + c * plane;
    for (let i = 0; i < plane; i++) out[to + i] = samples[base + i] * factor - shift;
  }
}
