/**
 * Folds y = x · scale + shift (per output channel) into the Conv, ConvTranspose, Gemm or MatMul that computes x: BatchNormalization,
 * and Mul, Div, Add, Sub with constants. A MatMul that gets a shift becomes a Gemm.
 *
 *   w'[m, …] = w[m, …] · scale[m],   b'[m] = b[m] · scale[m] + shift[m]      (in double precision, rounded once)
 */
import type { Node } from '../ir/graph.ts';
import { elementCount, type Tensor } from '../ir/tensor.ts';
import { numbersOf } from '../ops/elements.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

interface Affine {
  readonly source: string;
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

const LINEAR: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

function batchNormalization(editor: GraphEditor, node: Node): Affine | undefined {
  if (node.op.kind !== 'BatchNormalization') return undefined;
  const [source, ...names] = node.inputs;
  const constants = names.map((name) => editor.constant(name));
  if (constants.some((constant) => constant === undefined)) return undefined;
  const [gamma, beta, mean, variance] = constants.map((constant) =>
    constant === undefined ? [] : numbersOf(constant),
  );
  const { epsilon } = node.op;
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { source, scale, shift: Float64Array.from(beta, (b, c) => b - mean[c] * scale[c]) };
}

/** The constant as one number per channel, when it broadcasts along the channel axis only. */
function perChannel(constant: Tensor, rank: number, channelAxis: number, channels: number): Float64Array | undefined {
  const values = numbersOf(constant);
  if (values.length === 1 && constant.shape.length <= rank) return new Float64Array(channels).fill(values[0]);
  const axis = channelAxis - (rank - constant.shape.length);
  if (axis < 0 || values.length !== channels || constant.shape[axis] !== channels) return undefined;
  return Float64Array.from(values);
}

function arithmetic(editor: GraphEditor, node: Node): Affine | undefined {
  if (node.op.kind !== 'Binary' || node.op.clamp !== undefined) return undefined;
  const { fn } = node.op;
  const side = editor.constant(node.inputs[1]) !== undefined ? 1 : 0;
  const constant = editor.constant(node.inputs[side]);
  const source = node.inputs[1 - side];
  const { shape } = editor.typeOf(node.outputs[0]);
  const type = editor.typeOf(source);
  if (constant === undefined || type.shape.length !== shape.length || elementCount(type.shape) !== elementCount(shape))
    return undefined;
  const producer = editor.producerOf(source);
  if (producer === undefined) return undefined;
  const channelAxis = producer.op.kind === 'Conv' || producer.op.kind === 'ConvTranspose' ? 1 : shape.length - 1;
  const channels = shape[channelAxis];
  const values = channelAxis < 0 ? undefined : perChannel(constant, shape.length, channelAxis, channels);
  if (values === undefined) return undefined;
  const ones = new Float64Array(channels).fill(1);
  const zeros = new Float64Array(channels);
  if (fn === 'Add') return { source, scale: ones, shift: values };
  if (fn === 'Mul') return { source, scale: values, shift: zeros };
  if (fn === 'Sub')
    return side === 1
      ? { source, scale: ones, shift: values.map((v) => -v) }
      : { source, scale: ones.map((v) => -v), shift: values };
  if (fn === 'Div' && side === 1 && values.every((v) => v !== 0))
    return { source, scale: values.map((v) => 1 / v), shift: zeros };
  return undefined;
}

/** Which output channel element `i` of the weights belongs to. */
function channelOf(node: Node, weights: Tensor): (i: number) => number {
  const { op } = node;
  const [first, second] = weights.shape;
  const inner = elementCount(weights.shape.slice(1));
  if (op.kind === 'Conv') return (i) => Math.floor(i / inner);
  if (op.kind === 'ConvTranspose') {
    const kernel = elementCount(weights.shape.slice(2));
    const perGroup = first / op.group;
    return (i) => Math.floor(Math.floor(i / inner) / perGroup) * second + (Math.floor(i / kernel) % second);
  }
  return op.kind === 'Gemm' && op.transB ? (i) => Math.floor(i / inner) : (i) => i % (weights.shape.at(-1) ?? 1);
}

/** The bias of the linear node as one number per channel; undefined when it has another form. */
function biasOf(editor: GraphEditor, node: Node, channels: number): Float64Array | undefined {
  const name = node.op.kind === 'MatMul' ? '' : (node.inputs[2] ?? '');
  if (name === '') return new Float64Array(channels);
  const constant = editor.constant(name);
  const values =
    constant === undefined
      ? undefined
      : perChannel(constant, Math.max(constant.shape.length, 1), constant.shape.length - 1, channels);
  return values;
}

function scaled(weights: Tensor, channel: (i: number) => number, scale: Float64Array): Tensor {
  const values = numbersOf(weights);
  return {
    dtype: 'float32',
    shape: weights.shape,
    data: Float32Array.from(values, (w, i) => w * scale[channel(i)]),
  } satisfies Tensor<'float32'>;
}

function fold(editor: GraphEditor, node: Node): void {
  const affine = batchNormalization(editor, node) ?? arithmetic(editor, node);
  const linear = affine === undefined ? undefined : editor.soleProducer(affine.source);
  if (affine === undefined || linear === undefined || !LINEAR.has(linear.op.kind)) return;
  if ('clamp' in linear.op && linear.op.clamp !== undefined) return;
  if (linear.op.kind === 'Gemm' && (linear.op.alpha !== 1 || linear.op.beta !== 1)) return;
  const channels = affine.scale.length;
  const weights = editor.constant(linear.inputs[1]);
  const bias = biasOf(editor, linear, channels);
  if (weights?.dtype !== 'float32' || bias === undefined) return;
  if (linear.op.kind === 'MatMul' && (weights.shape.length !== 2 || editor.typeOf(linear.inputs[0]).shape.length !== 2))
    return;
  const plain = affine.scale.every((s) => s === 1);
  const w = plain
    ? linear.inputs[1]
    : editor.addConstant(linear.inputs[1], scaled(weights, channelOf(linear, weights), affine.scale));
  const values = Float32Array.from(bias, (b, c) => b * affine.scale[c] + affine.shift[c]);
  const shifted = values.some((value) => value !== 0) || linear.inputs[2] !== undefined;
  const inputs = [linear.inputs[0], w];
  if (shifted)
    inputs.push(editor.addConstant(`${linear.name}/bias`, { dtype: 'float32', shape: [channels], data: values }));
  const op =
    linear.op.kind === 'MatMul' && shifted
      ? ({ kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: false } as const)
      : linear.op;
  editor.remove(linear);
  editor.replace(node, { ...linear, op, inputs, outputs: node.outputs });
}

export const foldAffine: Pass = {
  name: 'fold-affine',
  purpose: 'folds BatchNormalization and per-channel constants into convolutions and dense layers',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) fold(editor, node);
    return editor.finish();
  },
};
