/**
 * The networks whose training steps are timed, with random weights: LeNet of the models, and the MLPerf Tiny networks as they are trained
 * (Banbury et al., "MLPerf Tiny Benchmark", 2021), with BatchNormalization. scripts/torch-training.py builds the same.
 */
import type { Graph } from '../../evaluators/ir/graph.ts';
import { convOp, GEMM, lenet, Net, RELU } from '../../test/evaluators/train/net.ts';

export interface TrainingNet {
  readonly name: string;
  readonly title: string;
  readonly batch: number;
  /** Samples per CPU second of PyTorch 2.15.0 with one thread on an AMD EPYC (Zen 4), measured in one run with both engines. */
  readonly storedTorch: number;
  readonly graph: () => Graph;
}

interface Value {
  readonly name: string;
  readonly shape: readonly [number, number, number];
}

interface ConvOptions {
  readonly kernel: readonly [number, number];
  readonly stride?: number;
  /** top, left, bottom, right. */
  readonly pads?: readonly number[];
  readonly depthwise?: boolean;
  readonly relu?: boolean;
}

class Maker {
  readonly #net: Net;
  #layers = 0;

  constructor(net: Net) {
    this.#net = net;
  }

  /** Convolution without bias, BatchNormalization, Relu. */
  conv(
    x: Value,
    channels: number,
    { kernel, stride = 1, pads = [0, 0, 0, 0], depthwise, relu = true }: ConvOptions,
  ): Value {
    const layer = `layer${this.#layers++}`;
    const net = this.#net;
    const [c, h, w] = x.shape;
    const group = depthwise === true ? c : 1;
    const weights = net.weights(
      `${layer}.weight`,
      [channels, c / group, ...kernel],
      Math.sqrt(2 / ((c / group) * kernel[0] * kernel[1])),
    );
    const oh = Math.floor((h + (pads[0] ?? 0) + (pads[2] ?? 0) - kernel[0]) / stride) + 1;
    const ow = Math.floor((w + (pads[1] ?? 0) + (pads[3] ?? 0) - kernel[1]) / stride) + 1;
    const shape = [1, channels, oh, ow];
    const op = convOp([...kernel], { strides: [stride, stride], pads: [...pads], group });
    let y = net.node(op, [x.name, weights], shape);
    const affine = [net.weights(`${layer}.scale`, [channels], 0, 1), net.weights(`${layer}.shift`, [channels], 0)];
    const running = [net.weights(`${layer}.mean`, [channels], 0), net.weights(`${layer}.variance`, [channels], 0, 1)];
    y = net.node({ kind: 'BatchNormalization', epsilon: 1e-5 }, [y, ...affine, ...running], shape);
    if (relu) y = net.node(RELU, [y], shape);
    return { name: y, shape: [channels, oh, ow] };
  }

  separable(x: Value, channels: number, stride = 1, pads: readonly number[] = [1, 1, 1, 1]): Value {
    const deep = this.conv(x, x.shape[0], { kernel: [3, 3], stride, pads, depthwise: true });
    return this.conv(deep, channels, { kernel: [1, 1] });
  }

  addRelu(a: Value, b: Value): Value {
    const sum = this.#net.node({ kind: 'Binary', fn: 'Add' }, [a.name, b.name], [1, ...a.shape]);
    return { name: this.#net.node(RELU, [sum], [1, ...a.shape]), shape: a.shape };
  }

  classify(x: Value, classes: number): Graph {
    const [c] = x.shape;
    const net = this.#net;
    const pooled = net.node({ kind: 'GlobalPool', fn: 'Average', p: 2 }, [x.name], [1, c, 1, 1]);
    const flat = net.node({ kind: 'Reshape', shape: [1, c] }, [pooled], [1, c]);
    const dense = [net.weights('fc.weight', [classes, c], Math.sqrt(1 / c)), net.weights('fc.bias', [classes], 0)];
    return net.graph(net.node(GEMM, [flat, ...dense], [1, classes]));
  }
}

function start(shape: readonly [number, number, number]): { make: Maker; x: Value } {
  return { make: new Maker(new Net([1, ...shape])), x: { name: 'x', shape } };
}

/** Keyword spotting: DS-CNN on 49 frames of 10 coefficients. */
function dsCnn(): Graph {
  const { make, x } = start([1, 49, 10]);
  let y = make.conv(x, 64, { kernel: [10, 4], stride: 2, pads: [4, 1, 5, 1] });
  for (let block = 0; block < 4; block++) y = make.separable(y, 64);
  return make.classify(y, 12);
}

/** Image classification: ResNet-8 on 32x32 colour images. */
function resnet8(): Graph {
  const { make, x } = start([3, 32, 32]);
  const same = { kernel: [3, 3], pads: [1, 1, 1, 1] } as const;
  let y = make.conv(x, 16, same);
  for (const [channels, stride] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ] as const) {
    const inner = make.conv(y, channels, { ...same, stride });
    const long = make.conv(inner, channels, { ...same, relu: false });
    const short = stride === 1 ? y : make.conv(y, channels, { kernel: [1, 1], stride, relu: false });
    y = make.addRelu(long, short);
  }
  return make.classify(y, 10);
}

/** Visual wake words: MobileNetV1 of a quarter of the width on 96x96 colour images. */
function mobilenet(): Graph {
  const { make, x } = start([3, 96, 96]);
  let y = make.conv(x, 8, { kernel: [3, 3], stride: 2, pads: [1, 1, 1, 1] });
  for (const [channels, stride] of [
    [16, 1],
    [32, 2],
    [32, 1],
    [64, 2],
    [64, 1],
    [128, 2],
    [128, 1],
    [128, 1],
    [128, 1],
    [128, 1],
    [128, 1],
    [256, 2],
    [256, 1],
  ] as const) {
    y = make.separable(y, channels, stride);
  }
  return make.classify(y, 2);
}

export const TRAINING_NETS: readonly TrainingNet[] = [
  { name: 'lenet', title: 'LeNet 32-64-128', batch: 64, storedTorch: 764, graph: () => lenet() },
  { name: 'dscnn', title: 'KWS, DS-CNN', batch: 64, storedTorch: 1048, graph: dsCnn },
  { name: 'resnet8', title: 'IC, ResNet-8', batch: 64, storedTorch: 526, graph: resnet8 },
  { name: 'mobilenet', title: 'VWW, MobileNetV1 0.25', batch: 32, storedTorch: 322, graph: mobilenet },
];
