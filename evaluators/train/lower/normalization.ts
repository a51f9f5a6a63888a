/** BatchNormalization (statistics of the batch, or frozen), LayerNormalization, InstanceNormalization and GroupNormalization. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { bits } from '../kernels.ts';
import { type Builder, UnsupportedTrainingError } from './builder.ts';

export function lowerBatchNormalization(b: Builder, node: Node<OpOf<'BatchNormalization'>>): void {
  const [xName, scaleName, biasName, meanName, varianceName] = node.inputs;
  const x = b.slot(xName);
  const [outer, channels] = x.shape;
  const inner = elementCount(x.shape.slice(2));
  const scale = b.slot(scaleName);
  const bias = b.slot(biasName);
  const runningMean = b.slot(meanName);
  const runningVariance = b.slot(varianceName);
  const y = b.define(node.outputs[0], x.shape, x.batchAxis);
  const size = [outer, channels, inner];
  const { epsilon } = node.op;
  const live = b.training && b.batchNorm === 'train';
  let mean = runningMean.offset;
  let inverse = runningVariance.offset;
  if (live) {
    mean = b.arena.allocate(channels);
    inverse = b.arena.allocate(channels);
    b.statistics.set(meanName, runningMean.offset);
    b.statistics.set(varianceName, runningVariance.offset);
    const running = [runningMean.offset, runningVariance.offset, bits(b.batchNormMomentum)];
    b.emit('batch_statistics', x.offset, mean, inverse, ...size, bits(epsilon), ...running);
  }
  const variant = bits(live ? 0 : epsilon);
  const affine = [scale.offset, bias.offset];
  b.emit('normalize', x.offset, y.offset, mean, inverse, ...affine, ...size, inner, channels, variant);
  b.differentiable(node, (dy) => {
    const dscale = b.wants(scaleName) ? b.gradientSum(scaleName) : b.arena.allocate(channels);
    const dbias = b.wants(biasName) ? b.gradientSum(biasName) : b.arena.allocate(channels);
    const dx = b.wants(xName) ? b.gradient(xName) : { offset: 0, accumulate: 0 };
    const gradients = [dscale, dbias, ...size, inner, channels, variant, live ? 0 : 1, dx.accumulate];
    b.emit('normalize_backward', x.offset, dy, dx.offset, mean, inverse, scale.offset, ...gradients);
  });
}

interface Grouping {
  readonly groups: number;
  readonly inner: number;
  /** Consecutive elements that share one scale, and the number of scales. */
  readonly repeat: number;
  readonly parameters: number;
}

function emitGroupNormalization(b: Builder, node: Node, epsilon: number, g: Grouping): void {
  const [xName, scaleName, biasName = ''] = node.inputs;
  const x = b.slot(xName);
  const scale = b.slot(scaleName);
  const y = b.define(node.outputs[0], x.shape, x.batchAxis);
  const bias = biasName === '' ? b.arena.allocate(g.parameters) : b.slot(biasName).offset;
  if (biasName === '') b.emit('fill', bias, g.parameters, 0);
  const mean = b.arena.allocate(g.groups);
  const inverse = b.arena.allocate(g.groups);
  b.emit('batch_statistics', x.offset, mean, inverse, 1, g.groups, g.inner, bits(epsilon), 0, 0, 0);
  const size = [1, g.groups, g.inner, g.repeat, g.parameters, 0];
  b.emit('normalize', x.offset, y.offset, mean, inverse, scale.offset, bias, ...size);
  b.differentiable(node, (dy) => {
    const dscale = b.wants(scaleName) ? b.gradientSum(scaleName) : b.arena.allocate(g.parameters);
    const dbias = biasName !== '' && b.wants(biasName) ? b.gradientSum(biasName) : b.arena.allocate(g.parameters);
    const dx = b.wants(xName) ? b.gradient(xName) : { offset: 0, accumulate: 0 };
    const rest = [dscale, dbias, ...size, 0, dx.accumulate];
    b.emit('normalize_backward', x.offset, dy, dx.offset, mean, inverse, scale.offset, ...rest);
  });
}

export function lowerLayerNormalization(b: Builder, node: Node<OpOf<'LayerNormalization'>>): void {
  const { shape } = b.slot(node.inputs[0]);
  const axis = node.op.axis < 0 ? node.op.axis + shape.length : node.op.axis;
  const inner = elementCount(shape.slice(axis));
  if (elementCount(b.slot(node.inputs[1]).shape) !== inner) {
    throw new UnsupportedTrainingError('LayerNormalization with a broadcast scale cannot be trained', node.name);
  }
  const groups = elementCount(shape.slice(0, axis));
  emitGroupNormalization(b, node, node.op.epsilon, { groups, inner, repeat: 1, parameters: inner });
}

export function lowerInstanceNormalization(b: Builder, node: Node<OpOf<'InstanceNormalization'>>): void {
  const { shape } = b.slot(node.inputs[0]);
  const inner = elementCount(shape.slice(2));
  emitGroupNormalization(b, node, node.op.epsilon, {
    groups: shape[0] * shape[1],
    inner,
    repeat: inner,
    parameters: shape[1],
  });
}

export function lowerGroupNormalization(b: Builder, node: Node<OpOf<'GroupNormalization'>>): void {
  const { shape } = b.slot(node.inputs[0]);
  const plane = elementCount(shape.slice(2));
  const inner = (shape[1] / node.op.groups) * plane;
  const groups = shape[0] * node.op.groups;
  const perGroup = { groups, inner, repeat: inner, parameters: node.op.groups };
  const perChannel = { groups, inner, repeat: plane, parameters: shape[1] };
  emitGroupNormalization(b, node, node.op.epsilon, node.op.perChannelScale ? perChannel : perGroup);
}
