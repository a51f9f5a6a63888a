/**
 * Parameters, gradients and the optimizer's state side by side in engine memory, padded to whole vectors, so that one kernel updates all.
 * Besides the graph's weights the block holds learned quantization steps, under the name `step of VALUE`.
 */
import type { FinetunePlan } from '../compression-plan.ts';
import { elementCount } from '../ir/tensor.ts';
import { bits } from './kernels.ts';
import type { Builder } from './lower/builder.ts';

export type OptimizerKind = FinetunePlan['optimizer'];

/** What a step of the optimizer is told; betas and epsilon are used by Adam only. */
export interface Hyper {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Largest allowed norm of the whole gradient. */
  readonly clipNorm?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

const DEFAULT_BETA2 = 0.999;
const DEFAULT_EPSILON = 1e-8;
const VECTOR = 16;

export interface BlockEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface ParameterBlock {
  readonly total: number;
  readonly weights: number;
  readonly gradients: number;
  /** Momentum or first moment; second moment (Adam). */
  readonly states: readonly number[];
  readonly decay: number;
  readonly hyper: number;
  readonly norm: number;
  readonly optimizer: OptimizerKind;
}

/** Places the entries and registers them as the builder's parameters. */
export function placeParameters(b: Builder, entries: readonly BlockEntry[], optimizer: OptimizerKind): ParameterBlock {
  const padded = (count: number) => Math.ceil(count / VECTOR) * VECTOR;
  const total = entries.reduce((sum, { data }) => sum + padded(data.length), 0);
  const adam = optimizer === 'adam' || optimizer === 'adamw';
  const [weights, gradients, decay, ...states] = Array.from({ length: adam ? 5 : 4 }, () => b.arena.reserve(total));
  const decays = new Float32Array(total);
  let at = 0;
  for (const { name, shape, data } of entries) {
    b.slots.set(name, { offset: weights + 4 * at, shape, batchAxis: -1 });
    b.parameters.set(name, { offset: weights + 4 * at, gradient: gradients + 4 * at, count: elementCount(shape) });
    b.writes.push({ offset: weights + 4 * at, data });
    // Weight decay pulls on weights only: biases, normalisation scales and quantization steps are vectors.
    if (shape.length > 1) decays.fill(1, at, at + data.length);
    at += padded(data.length);
  }
  b.writes.push({ offset: decay, data: decays });
  return { total, weights, gradients, states, decay, hyper: b.arena.reserve(8), norm: b.arena.reserve(1), optimizer };
}

/** Emits the update; `mask` holds one 0 or 1 per parameter, by name. */
export function emitUpdate(b: Builder, block: ParameterBlock, mask: ReadonlyMap<string, Uint8Array> | undefined): void {
  const { weights, gradients, states, decay, total, hyper, optimizer } = block;
  if (optimizer === 'adam' || optimizer === 'adamw') {
    b.emit('adam_update', weights, gradients, ...states, decay, total, hyper, optimizer === 'adamw' ? 1 : 0);
  } else {
    b.emit('momentum_update', weights, gradients, ...states, decay, total, hyper, optimizer === 'nesterov' ? 1 : 0);
  }
  if (mask === undefined) return;
  const data = new Float32Array(total).fill(1);
  for (const [name, keep] of mask) {
    const parameter = b.parameters.get(name);
    if (parameter === undefined) continue;
    if (keep.length !== parameter.count) {
      throw new Error(`mask of ${name} has ${keep.length} entries for ${parameter.count} weights`);
    }
    data.set(keep, (parameter.offset - weights) / 4);
  }
  const offset = b.arena.reserve(total);
  b.writes.push({ offset, data });
  b.emit('multiply', offset, weights, total);
}

/** Emits the sum of squares of all gradients. */
export function emitNorm(b: Builder, block: ParameterBlock): void {
  b.emit('squared_norm', block.gradients, block.total, block.norm);
}

/** Writes the row that the update kernel reads; `step` counts from 1. */
export function writeHyper(
  row: Float32Array,
  optimizer: OptimizerKind,
  hyper: Hyper,
  step: number,
  norm: number,
): void {
  const { learningRate, momentum, weightDecay, clipNorm } = hyper;
  const factor = clipNorm !== undefined && norm > clipNorm ? clipNorm / norm : 1;
  if (optimizer === 'adam' || optimizer === 'adamw') {
    const beta2 = hyper.beta2 ?? DEFAULT_BETA2;
    const epsilon = hyper.epsilon ?? DEFAULT_EPSILON;
    const corrections = [1 - momentum ** step, 1 - beta2 ** step];
    row.set([learningRate, momentum, beta2, epsilon, weightDecay, factor, ...corrections]);
  } else {
    row.set([learningRate, momentum, weightDecay, factor]);
  }
}

/** Clears the gradients of parameters that no path reaches. */
export function emitMissingGradients(b: Builder): void {
  for (const [name, { gradient, count }] of b.parameters) {
    if (!b.hasGradient(name)) b.emit('fill', gradient, count, bits(0));
  }
}
