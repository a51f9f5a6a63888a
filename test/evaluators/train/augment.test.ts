/** Augmentation changes samples as named, seeded, and keeps targets consistent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { augmentSample, mixup } from '../../../evaluators/train/data/augment.ts';
import { createStream } from '../../../evaluators/train/rng.ts';

const SHAPE = [1, 14, 14];
function blob(): Float32Array {
  const sample = new Float32Array(196);
  sample[5 * 14 + 6] = 1;
  sample[5 * 14 + 7] = 2;
  return sample;
}

test('shift moves the picture by at most one pixel of 14 and fills with background', () => {
  const places = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const sample = blob();
    augmentSample(sample, SHAPE, ['shift'], createStream(i, 'shift'));
    const at = sample.indexOf(1);
    assert.equal(sample[at + 1], 2);
    assert.equal(
      sample.reduce((a, b) => a + b, 0),
      3,
    );
    places.add(`${Math.floor(at / 14) - 5} ${(at % 14) - 6}`);
  }
  assert.equal(places.size, 9);
});

test('flip mirrors half of the samples', () => {
  let mirrored = 0;
  for (let i = 0; i < 100; i++) {
    const sample = blob();
    augmentSample(sample, SHAPE, ['flip'], createStream(i, 'flip'));
    const flipped = sample[5 * 14 + 7] === 1 && sample[5 * 14 + 6] === 2;
    assert.ok(flipped || sample[5 * 14 + 6] === 1);
    if (flipped) mirrored++;
  }
  assert.ok(mirrored > 30 && mirrored < 70);
});

test('noise is small beside the signal; crop keeps only values of the picture; flat samples are left in order', () => {
  const noisy = blob();
  augmentSample(noisy, SHAPE, ['noise'], createStream(1, 'noise'));
  assert.ok(noisy.every((v, i) => Math.abs(v - blob()[i]) < 0.1) && noisy.some((v, i) => v !== blob()[i]));
  const cropped = blob();
  augmentSample(cropped, SHAPE, ['crop'], createStream(2, 'crop'));
  assert.ok(cropped.every((v) => v === 0 || v === 1 || v === 2));
  const flat = Float32Array.of(1, 2, 3);
  augmentSample(flat, [3], ['shift', 'flip', 'crop'], createStream(3, 'flat'));
  assert.deepEqual([...flat], [1, 2, 3]);
});

test('mixup blends inputs and targets by the same share', () => {
  const input = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  const target = input.slice();
  mixup(input, target, 3, createStream(4, 'mixup'));
  assert.deepEqual([...input], [...target]);
  for (let row = 0; row < 3; row++) {
    const sum = target.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6);
    assert.ok(target[row * 3 + row] >= 0.6);
  }
});
