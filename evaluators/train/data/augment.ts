/**
 * Random changes of normalised training samples: shift, horizontal flip, noise, crop (zoom), on [C, H, W] images and [C, T] or [F] series.
 * Flat samples know only noise.
 */
import type { FinetunePlan } from '../../compression-plan.ts';
import type { Stream } from '../rng.ts';

export type Augmentation = NonNullable<FinetunePlan['augment']>[number];

/** Largest shift, as a share of the axis (28 pixels: 2). */
const SHIFT_SHARE = 1 / 14;
/** Noise deviation in units of the normalised sample's own deviation. */
const NOISE_SHARE = 0.05;
/** Smallest share of an axis that a crop keeps. */
const CROP_SHARE = 0.85;

interface Planes {
  readonly channels: number;
  readonly h: number;
  readonly w: number;
}

function planesOf(shape: readonly number[]): Planes | undefined {
  if (shape.length === 3) return { channels: shape[0], h: shape[1], w: shape[2] };
  if (shape.length === 2) return { channels: shape[0], h: 1, w: shape[1] };
  return undefined;
}

/** Rewrites `sample` so that pixel (y, x) of the result is pixel (fromY(y), fromX(x)) of the original, `border` outside. */
function remap(
  sample: Float32Array,
  { channels, h, w }: Planes,
  fromY: (y: number) => number,
  fromX: (x: number) => number,
): void {
  const original = sample.slice();
  for (let c = 0; c < channels; c++) {
    const base = c * h * w;
    // The corner is background in centred images.
    const border = original[base];
    for (let y = 0; y < h; y++) {
      const sy = fromY(y);
      for (let x = 0; x < w; x++) {
        const sx = fromX(x);
        const inside = sy >= 0 && sy < h && sx >= 0 && sx < w;
        sample[base + y * w + x] = inside ? original[base + sy * w + sx] : border;
      }
    }
  }
}

function shift(sample: Float32Array, planes: Planes, stream: Stream): void {
  const offset = (size: number) => {
    if (size === 1) return 0;
    const reach = Math.max(1, Math.round(size * SHIFT_SHARE));
    return stream.nextInt(2 * reach + 1) - reach;
  };
  const dy = offset(planes.h);
  const dx = offset(planes.w);
  remap(
    sample,
    planes,
    (y) => y - dy,
    (x) => x - dx,
  );
}

function flip(sample: Float32Array, planes: Planes, stream: Stream): void {
  if (stream.nextInt(2) === 0)
    remap(
      sample,
      planes,
      (y) => y,
      (x) => planes.w - 1 - x,
    );
}

/** Enlarges a random part to the whole size, nearest neighbour. */
function crop(sample: Float32Array, planes: Planes, stream: Stream): void {
  const axis = (size: number) => {
    const kept = size === 1 ? 1 : size * (CROP_SHARE + (1 - CROP_SHARE) * stream.nextFloat());
    const start = (size - kept) * stream.nextFloat();
    return (i: number) => Math.min(size - 1, Math.floor(start + ((i + 0.5) * kept) / size));
  };
  const fromY = axis(planes.h);
  const fromX = axis(planes.w);
  remap(sample, planes, fromY, fromX);
}

function noise(sample: Float32Array, stream: Stream): void {
  let sum = 0;
  let squares = 0;
  for (const v of sample) {
    sum += v;
    squares += v * v;
  }
  const mean = sum / sample.length;
  const deviation = NOISE_SHARE * Math.sqrt(Math.max(0, squares / sample.length - mean * mean));
  for (let i = 0; i < sample.length; i++) sample[i] += deviation * stream.nextNormal();
}

/** Applies the augmentations that concern one sample (mixup concerns two and is not done here), in place. */
export function augmentSample(
  sample: Float32Array,
  shape: readonly number[],
  augmentations: readonly Augmentation[],
  stream: Stream,
): void {
  const planes = planesOf(shape);
  for (const kind of augmentations) {
    if (kind === 'noise') noise(sample, stream);
    if (planes === undefined) continue;
    if (kind === 'shift') shift(sample, planes, stream);
    if (kind === 'flip') flip(sample, planes, stream);
    if (kind === 'crop') crop(sample, planes, stream);
  }
}

/** Mixup's strongest blend: shares are drawn between this and 1 (Zhang et al., ICLR 2018, with a uniform law). */
const MIXUP_LEAST = 0.6;

/** Blends each sample and target of a batch with another of the same batch. */
export function mixup(input: Float32Array, target: Float32Array, batch: number, stream: Stream): void {
  const inputs = input.slice();
  const targets = target.slice();
  const width = input.length / batch;
  const classes = target.length / batch;
  for (let i = 0; i < batch; i++) {
    const other = stream.nextInt(batch);
    const share = MIXUP_LEAST + (1 - MIXUP_LEAST) * stream.nextFloat();
    const blend = (out: Float32Array, from: Float32Array, size: number) => {
      for (let k = 0; k < size; k++) {
        out[i * size + k] = share * from[i * size + k] + (1 - share) * from[other * size + k];
      }
    };
    blend(input, inputs, width);
    blend(target, targets, classes);
  }
}
