/** A task that a small network learns in a second: which of four quarters of an 8x8 image is bright. */
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { type Dataset, IDENTITY } from '../../../evaluators/train/data/dataset.ts';
import { createStream } from '../../../evaluators/train/rng.ts';
import { convOp, GEMM, Net, RELU } from './net.ts';

function quarters(count: number, name: string) {
  const stream = createStream(3, name);
  const samples = new Float32Array(count * 64);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = stream.nextInt(4);
    for (let p = 0; p < 64; p++) {
      const quarter = (p >= 32 ? 2 : 0) + (p % 8 >= 4 ? 1 : 0);
      samples[i * 64 + p] = 0.5 * stream.nextNormal() + (quarter === labels[i] ? 0.6 : 0);
    }
  }
  return { count, samples, labels };
}

export const QUARTERS: Dataset = {
  name: 'quarters',
  inputShape: [1, 8, 8],
  classes: 4,
  train: quarters(512, 'train'),
  test: quarters(256, 'test'),
  normalisation: IDENTITY,
};

/** Convolution with BatchNormalization, then one dense layer. */
export function smallNet(): Graph {
  const net = new Net([1, 1, 8, 8]);
  let y = net.node(
    convOp([3, 3]),
    ['x', net.weights('w1', [4, 1, 3, 3], 0.5), net.weights('b1', [4], 0)],
    [1, 4, 6, 6],
  );
  const affine = [net.weights('scale', [4], 0, 1), net.weights('shift', [4], 0)];
  const running = [
    net.constant('mean', [4], new Float32Array(4)),
    net.constant('var', [4], new Float32Array(4).fill(1)),
  ];
  y = net.node({ kind: 'BatchNormalization', epsilon: 1e-5 }, [y, ...affine, ...running], [1, 4, 6, 6]);
  y = net.node(RELU, [y], [1, 4, 6, 6]);
  y = net.node({ kind: 'Reshape', shape: [1, 144] }, [y], [1, 144]);
  y = net.node(GEMM, [y, net.weights('w2', [4, 144], 0.1), net.weights('b2', [4], 0)], [1, 4]);
  return net.graph(net.node({ kind: 'Softmax', axis: 1, log: false, flatten: false }, [y], [1, 4]));
}
