/** Data sets of the reference networks, from ../shared: MNIST (the builtin), Speech Commands features, CIFAR-10 images. */
import { readFileSync } from 'node:fs';
import { type Dataset, loadDataset, type Split } from '@tinypareto/evaluators';
import { sharedPath } from '../../test/support/shared.ts';

export type ReferenceData = 'mnist' | 'kws' | 'cifar10';

const KWS_SCALE = 0.5847029089927673;
const KWS_ZERO = 83;
const KWS_SAMPLE = 490;
const CIFAR_SAMPLE = 3072;

interface Clip {
  readonly index: number;
  readonly label: number;
  readonly calibration: boolean;
}

function clips(): Clip[] {
  const lines = readFileSync(sharedPath('models', 'data', 'kws-sc2-test.csv'), 'utf8')
    .trim()
    .split('\n');
  return lines.slice(1).map((line) => {
    const [index, , label, calibration] = line.split(',');
    return { index: Number(index), label: Number(label), calibration: calibration === '1' };
  });
}

function floats(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Train: the 300 calibration clips. Test: the 4,590 others, features stored as int8. */
function kws(): Dataset {
  const list = clips();
  const stored = readFileSync(sharedPath('models', 'data', 'kws-sc2-test.i8.bin'));
  const integers = new Int8Array(stored.buffer, stored.byteOffset, stored.length);
  const calibration = list.filter((clip) => clip.calibration);
  const test = list.filter((clip) => !clip.calibration);
  const samples = new Float32Array(test.length * KWS_SAMPLE);
  test.forEach(({ index }, at) => {
    for (let i = 0; i < KWS_SAMPLE; i++)
      samples[at * KWS_SAMPLE + i] = (integers[index * KWS_SAMPLE + i] - KWS_ZERO) * KWS_SCALE;
  });
  return {
    name: 'speech-commands',
    inputShape: [1, 49, 10],
    classes: 12,
    train: {
      count: calibration.length,
      samples: floats(readFileSync(sharedPath('models', 'data', 'kws-sc2-cal300.f32.bin'))),
      labels: Int32Array.from(calibration, ({ label }) => label),
    },
    test: {
      count: test.length,
      samples,
      labels: Int32Array.from(test, ({ label }) => label),
    },
    normalisation: { scale: 1, mean: [0], std: [1] },
  };
}

function cifarSplit(file: string): Split {
  const bytes = readFileSync(sharedPath('models', 'data', file));
  const count = bytes.length / (CIFAR_SAMPLE + 1);
  const samples = new Uint8Array(count * CIFAR_SAMPLE);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * (CIFAR_SAMPLE + 1);
    labels[i] = bytes[at];
    samples.set(bytes.subarray(at + 1, at + 1 + CIFAR_SAMPLE), i * CIFAR_SAMPLE);
  }
  return { count, samples, labels };
}

/** Raw pixels 0..255, 1,000 images to train or calibrate with and 1,000 to test. */
function cifar10(): Dataset {
  return {
    name: 'cifar10',
    inputShape: [3, 32, 32],
    classes: 10,
    train: cifarSplit('cifar10-train1000.bin'),
    test: cifarSplit('cifar10-test1000.bin'),
    normalisation: { scale: 1, mean: [0], std: [1] },
  };
}

export function referenceData(name: ReferenceData): Dataset {
  switch (name) {
    case 'mnist':
      return loadDataset({ kind: 'builtin', builtin: 'mnist' });
    case 'kws':
      return kws();
    case 'cifar10':
      return cifar10();
  }
}
