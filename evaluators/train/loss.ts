/** The losses: what they read, and the steps that compute them and the first gradient. */
import type { Graph } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { bits } from './kernels.ts';
import type { Builder } from './lower/builder.ts';

export type LossKind = 'crossEntropy' | 'mse' | 'bce';

export interface LossOptions {
  readonly kind: LossKind;
  readonly labelSmoothing: number;
  /** Knowledge distillation (Hinton, Vinyals, Dean, 2015): (1 - weight) · loss + weight · T² · cross-entropy with the softened teacher. */
  readonly distill: { readonly weight: number; readonly temperature: number } | undefined;
}

export interface LossPlace {
  /** Value that the loss reads. */
  readonly name: string;
  /** Node that the loss stands in for: a final Softmax or Sigmoid; '' = none. */
  readonly skipped: string;
}

/** Leaves a final Softmax (cross-entropy) or Sigmoid (binary cross-entropy) to the loss, which is exact and does not overflow. */
export function findLoss(graph: Graph, kind: LossKind): LossPlace {
  const output = graph.outputs[0];
  const producer = graph.nodes.find((node) => node.outputs.includes(output));
  if (producer?.op.kind === 'Softmax' && kind === 'crossEntropy') {
    const shape = graph.values.get(output)?.shape ?? [];
    const axis = producer.op.axis < 0 ? producer.op.axis + shape.length : producer.op.axis;
    if (elementCount(shape.slice(axis + 1)) === 1) return { name: producer.inputs[0], skipped: producer.name };
  }
  if (producer?.op.kind === 'Unary' && producer.op.fn === 'Sigmoid' && kind === 'bce') {
    return { name: producer.inputs[0], skipped: producer.name };
  }
  return { name: output, skipped: '' };
}

export interface LossSlots {
  readonly loss: number;
  readonly output: number;
  readonly target: number;
  /** 0 without distillation. */
  readonly teacher: number;
  readonly width: number;
}

const ADD = 2;

/** Emits the loss of the batch and its gradient. */
export function emitLoss(b: Builder, place: LossPlace, options: LossOptions): LossSlots {
  const output = b.slot(place.name);
  const count = elementCount(output.shape);
  const width = count / b.batch;
  const target = b.arena.reserve(count);
  const loss = b.arena.reserve(1);
  const dy = b.gradient(place.name).offset;
  const { distill, kind, labelSmoothing } = options;
  const hard = 1 - (distill?.weight ?? 0);
  const head = [output.offset, target, loss, dy];
  if (kind === 'mse') b.emit('squared_error', ...head, count, bits(hard));
  else if (kind === 'bce') b.emit('binary_cross_entropy', ...head, count, bits(hard));
  else b.emit('cross_entropy', ...head, b.batch, width, bits(labelSmoothing), bits(hard), bits(1), 0);
  if (distill === undefined) return { loss, output: output.offset, target, teacher: 0, width };
  const teacher = b.arena.reserve(count);
  const { weight, temperature } = distill;
  const soft = [bits(0), bits(weight * temperature * temperature), bits(temperature), ADD];
  b.emit('cross_entropy', output.offset, teacher, loss, dy, b.batch, width, ...soft);
  return { loss, output: output.offset, target, teacher, width };
}
