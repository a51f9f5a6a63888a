/**
 * The convolutional network of the tutorial (ECML PKDD 2021, part III), whose picture gives its layers but no name: conv 1→12 3×3, ReLU,
 * max-pool 2, fc 2028→10, softmax. 20,410 parameters, which is what its 22.5 KB integer file holds. Trained here from random weights.
 */
import { type Dataset, finetune, type Graph, type Tensor, tensor, type ValueInfo } from '@tinypareto/evaluators';
import { createRng } from '@tinypareto/optimizer';

const FILTERS = 12;
const FEATURES = FILTERS * 13 * 13;
const CLASSES = 10;

function heNormal(shape: readonly number[], inputs: number, purpose: string): Tensor<'float32'> {
  const rng = createRng(1, 0, purpose);
  const count = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count }, () => rng.nextNormal() * Math.sqrt(2 / inputs));
  return tensor('float32', shape, data);
}

export function untrainedTutorialCnn(): Graph {
  const value = (name: string, shape: readonly number[]): ValueInfo => ({ name, dtype: 'float32', shape });
  const window = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const initializers = new Map<string, Tensor>([
    ['conv.weight', heNormal([FILTERS, 1, 3, 3], 9, 'conv')],
    ['conv.bias', tensor('float32', [FILTERS], new Float32Array(FILTERS))],
    ['fc.weight', heNormal([CLASSES, FEATURES], FEATURES, 'fc')],
    ['fc.bias', tensor('float32', [CLASSES], new Float32Array(CLASSES))],
  ]);
  const values = [
    value('x', [1, 1, 28, 28]),
    value('maps', [1, FILTERS, 26, 26]),
    value('active', [1, FILTERS, 26, 26]),
    value('pooled', [1, FILTERS, 13, 13]),
    value('flat', [1, FEATURES]),
    value('logits', [1, CLASSES]),
    value('y', [1, CLASSES]),
    ...[...initializers].map(([name, { shape }]) => value(name, shape)),
  ];
  return {
    name: 'tutorial-cnn',
    inputs: [value('x', [1, 1, 28, 28])],
    outputs: ['y'],
    initializers,
    values: new Map(values.map((each) => [each.name, each])),
    nodes: [
      {
        name: 'conv',
        op: { kind: 'Conv', group: 1, kernelShape: [3, 3], ...window },
        inputs: ['x', 'conv.weight', 'conv.bias'],
        outputs: ['maps'],
      },
      { name: 'relu', op: { kind: 'Unary', fn: 'Relu', alpha: 0, beta: 0 }, inputs: ['maps'], outputs: ['active'] },
      {
        name: 'pool',
        op: { kind: 'MaxPool', ...window, kernelShape: [2, 2], strides: [2, 2], ceilMode: false, storageOrder: 0 },
        inputs: ['active'],
        outputs: ['pooled'],
      },
      { name: 'flatten', op: { kind: 'Reshape', shape: [1, FEATURES] }, inputs: ['pooled'], outputs: ['flat'] },
      {
        name: 'fc',
        op: { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: true },
        inputs: ['flat', 'fc.weight', 'fc.bias'],
        outputs: ['logits'],
      },
      {
        name: 'softmax',
        op: { kind: 'Softmax', axis: 1, log: false, flatten: false },
        inputs: ['logits'],
        outputs: ['y'],
      },
    ],
  };
}

/** Trained on the data set's training samples, seeded. */
export async function tutorialCnn(dataset: Dataset, epochs: number): Promise<Graph> {
  const plan = { epochs, optimizer: 'adam', learningRate: 0.002, schedule: 'cosine', batchSize: 64 } as const;
  return (await finetune(untrainedTutorialCnn(), dataset, plan, { seed: 1 })).graph;
}
