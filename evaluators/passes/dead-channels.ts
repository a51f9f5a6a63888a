/**
 * Takes channels out of convolutions and dense layers whose numbers do not matter: those that are constant (constant-channels.ts), and those that
 * only meet weights of zero. Up to the layer that reads them they may pass through operators without influence between channels. What a
 * constant channel adds there goes into that layer's bias; where it would be padded with another number, or there is no bias, it stays.
 *
 * Integer layers give the same bits; in float sums are rounded once less.
 */

import type { Node } from '../ir/graph.ts';
import type { OpOf } from '../ir/op.ts';
import { elementCount, type Tensor } from '../ir/tensor.ts';
import { pick } from '../ops/elements.ts';
import { isQuantizedType, limits } from '../ops/integer/requantize.ts';
import {
  biasWith,
  type ChannelConstants,
  clampOf,
  constantAfter,
  constantChannels,
  inputZero,
  isPadded,
  type LayerRoles,
  layerWeights,
  type Operands,
  outputAxis,
  type Range,
  rolesOf,
} from './constant-channels.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

/** What reads a value: which of its channels it can do without, and how to do so. */
interface Use {
  readonly removable: readonly boolean[];
  readonly apply: (keep: readonly number[]) => void;
}

/** The tensor with only these elements of an axis. */
function take(source: Tensor, axis: number, keep: readonly number[]): Tensor {
  const [outer, inner] = [elementCount(source.shape.slice(0, axis)), elementCount(source.shape.slice(axis + 1))];
  const size = source.shape[axis];
  const places = new Int32Array(outer * keep.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (const index of keep) for (let i = 0; i < inner; i++) places[at++] = (o * size + index) * inner + i;
  return pick(
    source,
    places,
    source.shape.map((length, i) => (i === axis ? keep.length : length)),
  );
}

interface Layer {
  readonly roles: LayerRoles;
  readonly operands: Operands;
  readonly weights: Tensor;
}

/** The node as a layer with constant parameters; undefined when it is none. */
function layerOf(editor: GraphEditor, node: Node): Layer | undefined {
  const { op, inputs, outputs } = node;
  const roles = rolesOf(op);
  if (roles === undefined || outputs.length !== 1) return undefined;
  const operands = inputs.map((name) => editor.constant(name));
  const weights = operands[roles.weights];
  if (weights === undefined || operands[0] !== undefined) return undefined;
  if (inputs.some((name, i) => i > 0 && name !== '' && operands[i] === undefined)) return undefined;
  if (!roles.integer && weights.dtype !== 'float32') return undefined;
  if ((op.kind === 'Gemm' || op.kind === 'QGemm') && op.transA) return undefined;
  if (op.kind === 'Gemm' && (op.alpha !== 1 || op.beta !== 1)) return undefined;
  if (convolutionOf(node) === undefined && weights.shape.length !== 2) return undefined;
  const channels = weights.shape[outputAxis(op)];
  const perChannel = [...roles.perOutput, roles.bias].map((role) => operands[role]);
  const isRow = (tensor: Tensor | undefined) =>
    tensor === undefined ||
    tensor.data.length === 1 ||
    (tensor.data.length === channels && tensor.shape.at(-1) === channels);
  return perChannel.every(isRow) ? { roles, operands, weights } : undefined;
}

function convolutionOf({ op }: Node): OpOf<'Conv'> | OpOf<'QLinearConv'> | undefined {
  return op.kind === 'Conv' || op.kind === 'QLinearConv' ? op : undefined;
}

function channelAxis(node: Node, rank: number): number {
  return convolutionOf(node) === undefined ? rank - 1 : 1;
}

/** What an integer input can be, less its zero point; anything for floats. */
function rangeOf(editor: GraphEditor, node: Node, { roles, operands }: Layer): Range {
  const [source] = node.inputs;
  const { dtype } = editor.typeOf(source);
  if (!roles.integer || !isQuantizedType(dtype))
    return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const producer = editor.producerOf(source);
  const clamp = producer !== undefined && rolesOf(producer.op)?.integer === true ? clampOf(producer.op) : undefined;
  const { low, high } = limits(dtype, clamp);
  const zero = inputZero(roles, operands);
  return { low: low - zero, high: high - zero };
}

/** The node with only these of its outputs. */
function withOutputs(
  editor: GraphEditor,
  node: Node,
  { roles, operands, weights }: Layer,
  keep: readonly number[],
): Node {
  const axis = outputAxis(node.op);
  const channels = weights.shape[axis];
  const inputs = [...node.inputs];
  inputs[roles.weights] = editor.addConstant(inputs[roles.weights], take(weights, axis, keep));
  for (const role of [...roles.perOutput, roles.bias]) {
    const each = operands[role];
    if (each === undefined || each.data.length !== channels || each.data.length === 1) continue;
    inputs[role] = editor.addConstant(inputs[role], take(each, each.shape.length - 1, keep));
  }
  return { ...node, inputs };
}

/** A layer that sums over the channels of `value`. */
function sumUse(editor: GraphEditor, node: Node, axis: number, constants: ChannelConstants): Use | undefined {
  const layer = layerOf(editor, node);
  const rank = editor.typeOf(node.inputs[0]).shape.length;
  if (layer === undefined || axis !== channelAxis(node, rank)) return undefined;
  const { roles, operands } = layer;
  const w = layerWeights(node.op, layer.weights, roles.integer ? operands[5] : undefined);
  const zero = inputZero(roles, operands);
  const folds = roles.bias >= 0 && node.op.kind !== 'MatMul' && !isPadded(node.op);
  const isUnused = (channel: number) => {
    for (let output = 0; output < w.outputs; output++)
      for (let tap = 0; tap < w.taps; tap++) if (w.at(output, channel, tap) !== 0) return false;
    return true;
  };
  const unused = constants.map((_, channel) => isUnused(channel));
  return {
    removable: constants.map((value, c) => unused[c] || (value !== undefined && (value === zero || folds))),
    apply: (keep) => {
      const kept = new Set(keep);
      const added = constants.flatMap((value, c): [number, number][] =>
        kept.has(c) || unused[c] || value === undefined || value === zero ? [] : [[c, value - zero]],
      );
      const inputs = [...node.inputs];
      const weights = take(layer.weights, 1 - outputAxis(node.op), keep);
      inputs[roles.weights] = editor.addConstant(inputs[roles.weights], weights);
      if (added.length > 0) {
        while (inputs.length < roles.bias) inputs.push('');
        const bias = biasWith(w, operands[roles.bias], added, roles.integer);
        inputs[roles.bias] = editor.addConstant(`${node.name}/bias`, bias);
      }
      editor.replace(node, { ...node, inputs });
    },
  };
}

/** A convolution with one filter for each channel. */
function depthwiseUse(editor: GraphEditor, node: Node, constants: ChannelConstants): Use | undefined {
  const layer = layerOf(editor, node);
  const op = convolutionOf(node);
  if (layer === undefined || op === undefined || layer.weights.shape[0] !== constants.length) return undefined;
  const whole = rangeOf(editor, node, layer);
  const zero = inputZero(layer.roles, layer.operands);
  const after = constantChannels(op, layer.roles, layer.operands, (channel) => {
    const value = constants[channel];
    return value === undefined ? whole : { low: value - zero, high: value - zero };
  });
  if (after.length === 0) return undefined;
  const next = useOf(editor, node.outputs[0], 1, after);
  if (next === undefined) return undefined;
  return {
    removable: next.removable,
    apply: (keep) => {
      const narrow = withOutputs(editor, node, layer, keep);
      editor.replace(node, { ...narrow, op: { ...op, group: keep.length } });
      next.apply(keep);
    },
  };
}

const BY_CHANNEL: ReadonlySet<string> = new Set([
  'AveragePool',
  'Cast',
  'Clip',
  'DequantizeLinear',
  'GlobalPool',
  'MaxPool',
  'QLinearAveragePool',
  'QLinearGlobalAveragePool',
  'QLinearReduceMean',
  'QLinearUnary',
  'QuantizeLinear',
  'Reduce',
  'Unary',
]);

function axisAfter({ op }: Node, axis: number): number | undefined {
  if (op.kind === 'Reduce' || op.kind === 'QLinearReduceMean') {
    if (op.axes.some((each) => each < 0 || each === axis)) return undefined;
    return op.keepDims ? axis : axis - op.axes.filter((each) => each < axis).length;
  }
  const isPool = op.kind.includes('Pool');
  return isPool && axis !== 1 ? undefined : axis;
}

/** An operator that treats each channel by itself, and all alike. */
function channelUse(editor: GraphEditor, node: Node, axis: number, constants: ChannelConstants): Use | undefined {
  const newAxis = axisAfter(node, axis);
  const others = node.inputs.slice(1).map((name) => editor.constant(name));
  const isPlain = node.inputs.slice(1).every((name, i) => name === '' || others[i]?.data.length === 1);
  if (newAxis === undefined || !isPlain || node.outputs.length !== 1) return undefined;
  const { dtype, shape } = editor.typeOf(node.inputs[0]);
  const type = { dtype, shape: shape.map((size, i) => (i === axis ? 1 : size)) };
  const known = new Map<number, number | undefined>();
  const after = constants.map((value) => {
    if (value === undefined) return undefined;
    if (!known.has(value)) known.set(value, constantAfter(node.op, type, value, others));
    return known.get(value);
  });
  return through(editor, node, newAxis, after, () => node);
}

/** `made`: the node for the channels that are kept. */
function through(
  editor: GraphEditor,
  node: Node,
  axis: number,
  constants: ChannelConstants,
  made: (keep: readonly number[]) => Node,
): Use | undefined {
  const next = useOf(editor, node.outputs[0], axis, constants);
  if (next === undefined) return undefined;
  return {
    removable: next.removable,
    apply: (keep) => {
      editor.replace(node, { ...made(keep) });
      next.apply(keep);
    },
  };
}

/** Channels that stay an axis, or that are spread over the last axis together with what was behind them. */
function reshapeUse(
  editor: GraphEditor,
  node: Node,
  to: readonly number[],
  axis: number,
  constants: ChannelConstants,
): Use | undefined {
  const from = editor.typeOf(node.inputs[0]).shape;
  const outer = elementCount(from.slice(0, axis));
  const inner = elementCount(from.slice(axis + 1));
  const at = to.findIndex((_, i) => elementCount(to.slice(0, i)) === outer && to[i] > 1);
  if (at < 0) return undefined;
  const shaped = (size: number): Node => {
    const shape = to.map((old, i) => (i === at ? size : old));
    return { ...node, op: { kind: 'Reshape', shape } };
  };
  if (to[at] === constants.length) return through(editor, node, at, constants, (keep) => shaped(keep.length));
  if (to[at] !== constants.length * inner) return undefined;
  const features = constants.flatMap((value) => new Array<number | undefined>(inner).fill(value));
  const next = useOf(editor, node.outputs[0], at, features);
  if (next === undefined) return undefined;
  return {
    removable: constants.map((_, c) => next.removable.slice(c * inner, (c + 1) * inner).every((each) => each)),
    apply: (keep) => {
      editor.replace(node, shaped(keep.length * inner));
      next.apply(keep.flatMap((c) => Array.from({ length: inner }, (_, i) => c * inner + i)));
    },
  };
}

function readerUse(
  editor: GraphEditor,
  node: Node,
  value: string,
  axis: number,
  constants: ChannelConstants,
): Use | undefined {
  const { op, inputs } = node;
  if (inputs[0] !== value || inputs.indexOf(value, 1) >= 0) return undefined;
  const group = convolutionOf(node)?.group ?? 1;
  if (group > 1) return group === constants.length && axis === 1 ? depthwiseUse(editor, node, constants) : undefined;
  if (rolesOf(op) !== undefined) return sumUse(editor, node, axis, constants);
  if (op.kind === 'Reshape') return reshapeUse(editor, node, op.shape, axis, constants);
  if (op.kind === 'Transpose') return through(editor, node, op.perm.indexOf(axis), constants, () => node);
  return BY_CHANNEL.has(op.kind) ? channelUse(editor, node, axis, constants) : undefined;
}

/** Undefined when some reader needs all channels. */
function useOf(editor: GraphEditor, value: string, axis: number, constants: ChannelConstants): Use | undefined {
  if (editor.isOutput(value)) return undefined;
  const readers = editor.readersOf(value);
  const uses = readers.flatMap((reader) => readerUse(editor, reader, value, axis, constants) ?? []);
  if (uses.length !== readers.length || uses.length === 0) return undefined;
  return {
    removable: constants.map((_, channel) => uses.every(({ removable }) => removable[channel])),
    apply: (keep) => {
      for (const use of uses) use.apply(keep);
    },
  };
}

/** With some of the others, so that a number of channels that kernels like (a multiple of four, or an even one) stays such, and one is left. */
function roundedUp(needed: readonly number[], channels: number): readonly number[] {
  const multiple = channels % 4 === 0 ? 4 : channels % 2 === 0 ? 2 : 1;
  const count = Math.max(1, Math.ceil(needed.length / multiple)) * multiple;
  const others = Array.from({ length: channels }, (_, c) => c).filter((c) => !needed.includes(c));
  return [...needed, ...others.slice(0, count - needed.length)].sort((a, b) => a - b);
}

function shrink(editor: GraphEditor, node: Node): void {
  const layer = layerOf(editor, node);
  if (layer === undefined || (convolutionOf(node)?.group ?? 1) > 1) return;
  const range = rangeOf(editor, node, layer);
  const constants = constantChannels(node.op, layer.roles, layer.operands, () => range);
  if (constants.length < 2) return;
  const [value] = node.outputs;
  const rank = editor.typeOf(value).shape.length;
  const use = useOf(editor, value, channelAxis(node, rank), constants);
  const needed = constants.flatMap((_, channel) => (use?.removable[channel] === true ? [] : [channel]));
  if (use === undefined) return;
  const keep = roundedUp(needed, constants.length);
  if (keep.length === constants.length) return;
  editor.replace(node, withOutputs(editor, node, layer, keep));
  use.apply(keep);
}

export const deadChannels: Pass = {
  name: 'dead-channels',
  purpose: 'takes channels that are constant, or that nothing uses, out of the layers around them',
  run(graph) {
    const editor = new GraphEditor(graph);
    for (const node of editor.nodes()) shrink(editor, node);
    return editor.finish();
  },
};
