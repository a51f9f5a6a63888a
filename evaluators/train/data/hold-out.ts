/** Training samples kept back to judge by, so that choices made in training never look at the test samples. */
import type { Dataset, Split } from './dataset.ts';

/** Every tenth sample: stored data may be sorted by class. */
const EVERY = 10;

/** The rows of `from` at `indices`, copied to `to`. */
function gather<T extends Uint8Array | Float32Array | Int32Array>(from: T, to: T, indices: readonly number[]): T {
  const width = to.length / indices.length;
  indices.forEach((index, at) => {
    to.set(from.subarray(index * width, (index + 1) * width), at * width);
  });
  return to;
}

function pick(split: Split, wanted: (index: number) => boolean): Split {
  const indices = Array.from({ length: split.count }, (_, i) => i).filter((index) => wanted(index));
  const sizeOf = (all: { readonly length: number }): number => (all.length / split.count) * indices.length;
  const { samples, labels, targets } = split;
  return {
    count: indices.length,
    // Not by slice(): samples may be a Buffer, whose slice shares memory.
    samples:
      samples instanceof Float32Array
        ? gather(samples, new Float32Array(sizeOf(samples)), indices)
        : gather<Uint8Array>(samples, new Uint8Array(sizeOf(samples)), indices),
    labels: gather(labels, new Int32Array(indices.length), indices),
    ...(targets === undefined ? {} : { targets: gather(targets, new Float32Array(sizeOf(targets)), indices) }),
  };
}

/** The training samples without the held-out ones, and those in the place of the test samples. */
export function holdOut(dataset: Dataset): Dataset {
  const isHeld = (index: number): boolean => index % EVERY === EVERY - 1;
  return {
    ...dataset,
    train: pick(dataset.train, (index) => !isHeld(index)),
    test: pick(dataset.train, isHeld),
  };
}
