/** Compressed networks whose exported files scripts/prove-export.ts runs: each reference network × each way to compress it. */
import {
  type CompressionPlan,
  compress,
  type Dataset,
  deployable,
  type Graph,
  importOnnx,
  type QuantizePlan,
} from '@tinypareto/evaluators';
import { restructureChoices } from '../../evaluators/compress/restructure/restructure-choices.ts';
import { modelBytes, referenceIo, referenceTensors } from '../../test/support/reference-io.ts';

export interface ExportNetwork {
  readonly name: string;
  readonly graph: Graph;
  /** Real inputs, also used to calibrate. */
  readonly dataset: Dataset;
}

export const EXPORT_NETWORKS = [
  'lenet/lenet5-classic',
  'lenet/lenet-mnist',
  'mlperf-tiny/kws-dscnn',
  'mlperf-tiny/ic-resnet8',
  'mlperf-tiny/vww-mobilenetv1',
  'mlperf-tiny/ad-autoencoder',
  'har/har-cnn1d',
  'har/har-mlp',
  'har/har-resnet1d',
  'har/har-lstm',
  'har/har-gru',
];

/** Without its last Softmax, when it has one. */
function withoutSoftmax(graph: Graph): Graph {
  const last = graph.nodes.at(-1);
  if (last?.op.kind !== 'Softmax' || graph.outputs.length !== 1 || last.outputs[0] !== graph.outputs[0]) return graph;
  return { ...graph, nodes: graph.nodes.slice(0, -1), outputs: [last.inputs[0]] };
}

export function exportNetwork(name: string, hasSoftmax: boolean): ExportNetwork {
  const [folder, file] = name.split('/');
  if (folder === undefined || file === undefined) throw new RangeError(`"${name}" is no folder and name`);
  const whole = importOnnx(modelBytes(folder, file));
  const graph = hasSoftmax ? whole : withoutSoftmax(whole);
  const io = referenceIo(folder, file);
  const samples = Array.from({ length: io.samples }, (_, i) => [...referenceTensors(folder, io, 'input', i).values()]);
  const [input] = graph.inputs;
  const data = samples.flatMap(([tensor]) => (tensor === undefined ? [] : [...tensor.data].map(Number)));
  const split = { count: io.samples, samples: Float32Array.from(data), labels: new Int32Array(io.samples) };
  const normalisation = { scale: 1, mean: [0], std: [1] };
  const classes = graph.values.get(graph.outputs[0])?.shape.at(-1) ?? 1;
  const dataset = { name, inputShape: input.shape.slice(1), classes, train: split, test: split, normalisation };
  return { name: hasSoftmax ? name : `${name} (before Softmax)`, graph, dataset };
}

/** Whether the network ends in a Softmax that `exportNetwork` can leave out. */
export function endsInSoftmax({ graph }: ExportNetwork): boolean {
  return withoutSoftmax(graph) !== graph;
}

const MENDED = { equalize: true, biasCorrection: true, adaptiveRounding: true } as const;
const HALF = { metric: 'params', remove: 0.5 } as const;

function formats(): readonly (readonly [string, QuantizePlan])[] {
  return [
    ['float16 weights', { format: 'float16' }],
    ['codebook weights', { format: 'codebook' }],
    ['int8 per channel', { format: 'int8', granularity: 'channel', ...MENDED }],
    ['int8 per tensor', { format: 'int8', granularity: 'tensor', ...MENDED }],
    ['uint8 per channel', { format: 'uint8', granularity: 'channel', ...MENDED }],
    ['uint8 per tensor', { format: 'uint8', granularity: 'tensor', ...MENDED }],
    ['int4 per channel', { format: 'int4', granularity: 'channel', ...MENDED }],
    ['int4 per tensor', { format: 'int4', granularity: 'tensor', ...MENDED }],
  ];
}

function firstLayer(graph: Graph): string | undefined {
  return graph.nodes.find(({ op }) => op.kind === 'Conv' || op.kind === 'Gemm' || op.kind === 'MatMul')?.name;
}

/** What is done, and the plan; ways that do not fit the network are left out. */
export function exportPlans({ graph }: ExportNetwork): (readonly [string, CompressionPlan])[] {
  const plans: (readonly [string, CompressionPlan])[] = [
    ['float', {}],
    ...formats().map(([what, quantize]) => [what, { quantize }] as const),
    ['half of the structures, float', { prune: { granularity: 'structured', heuristic: 'l1', target: HALF } }],
    [
      'half of the structures, int8',
      { prune: { granularity: 'structured', heuristic: 'l1', target: HALF }, quantize: { format: 'int8' } },
    ],
    [
      'half of the weights, uint8',
      { prune: { granularity: 'element', heuristic: 'level', target: HALF }, quantize: { format: 'uint8' } },
    ],
    [
      '2:4 of the weights, int8',
      { prune: { granularity: 'nm', n: 2, m: 4, heuristic: 'l1' }, quantize: { format: 'int8' } },
    ],
  ];
  const first = firstLayer(graph);
  if (first !== undefined) {
    plans.push(['first layer float, others int8', { quantize: { format: 'int8', layers: { [first]: 'float32' } } }]);
    plans.push(['first layer int8, others int4', { quantize: { format: 'int4', layers: { [first]: 'int8' } } }]);
  }
  const changes = graph.nodes.flatMap((node) =>
    restructureChoices(graph, node)
      .slice(0, 1)
      .map(({ change }) => [node.name, change] as const),
  );
  if (changes.length > 0) {
    plans.push(['layers changed, float', { restructure: Object.fromEntries(changes) }]);
    plans.push(['layers changed, int8', { restructure: Object.fromEntries(changes), quantize: { format: 'int8' } }]);
  }
  return plans;
}

export interface Compressed {
  /** What is exported. */
  readonly exported: Graph;
  /** What the device runs. */
  readonly deployed: Graph;
  readonly isInteger: boolean;
}

export async function compressed({ graph, dataset }: ExportNetwork, plan: CompressionPlan): Promise<Compressed> {
  const hooks = { baselineAccuracy: Number.NaN, accuracies: 'deployed', evaluateLimit: 1 } as const;
  const { floatGraph, quantizedGraph, integerGraph } = await compress(graph, dataset, { ...plan, seed: 1 }, hooks);
  return {
    exported: quantizedGraph ?? deployable(floatGraph),
    deployed: integerGraph ?? deployable(floatGraph),
    isInteger: integerGraph !== undefined,
  };
}
