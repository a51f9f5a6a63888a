/**
 * Quantization-aware training: values that the program rounds to a quantization grid on the way forward, with straight-through gradients
 * on the way back and, on request, learned steps (Esser et al., ICLR 2020).
 */
import { elementCount } from '../ir/tensor.ts';
import { bits } from './kernels.ts';
import type { Builder, Slot } from './lower/builder.ts';
import type { BlockEntry } from './parameter-block.ts';

export interface FakeQuant {
  /** One number, or one per index of `axis`. */
  readonly scale: number | ArrayLike<number>;
  readonly zeroPoint: number | ArrayLike<number>;
  readonly qmin: number;
  readonly qmax: number;
  /** Axis of the channels; absent = per tensor. */
  readonly axis?: number;
  /** Train the scale with the weights. */
  readonly learnScale?: boolean;
}

export type FakeQuantMap = ReadonlyMap<string, FakeQuant>;

function stepName(value: string): string {
  return `step of ${value}`;
}

function numbers(value: number | ArrayLike<number>, count: number): Float32Array {
  return typeof value === 'number' ? new Float32Array(count).fill(value) : Float32Array.from(value);
}

/** Scales to train, as parameters of the block. */
export function learnedSteps(fakeQuant: FakeQuantMap): BlockEntry[] {
  return [...fakeQuant].flatMap(([value, { scale, learnScale }]) => {
    if (learnScale !== true) return [];
    const data = numbers(scale, 1);
    return [{ name: stepName(value), shape: [data.length], data }];
  });
}

export interface FakeQuantViews {
  /** Offset and count of the scales and zero points of a value. */
  readonly scales: number;
  readonly zeros: number;
  readonly count: number;
}

/** Emits the rounding of `name` and redirects its later readers; returns where its scales lie. */
export function emitFakeQuant(b: Builder, name: string, q: FakeQuant): FakeQuantViews {
  const x = b.slot(name);
  const count = typeof q.scale === 'number' ? 1 : q.scale.length;
  const size = sizes(x, q, count, name);
  const learned = b.parameters.get(stepName(name));
  const place = (value: number | ArrayLike<number>) => {
    const offset = b.arena.reserve(count);
    b.writes.push({ offset, data: numbers(value, count) });
    return offset;
  };
  const scales = learned?.offset ?? place(q.scale);
  const zeros = place(q.zeroPoint);
  const range = [bits(q.qmin), bits(q.qmax)];
  const y = b.arena.allocate(elementCount(x.shape));
  b.emit('fake_quant', x.offset, y, scales, zeros, ...size, ...range);
  b.slots.set(name, { ...x, offset: y });
  b.transformGradient(name, (dy) => {
    const steps = learned === undefined ? 0 : b.gradientSum(stepName(name));
    // Esser et al., section 2.2: keeps the step's updates in proportion to the weights'.
    const gain = 1 / Math.sqrt((elementCount(x.shape) / count) * Math.max(Math.abs(q.qmin), q.qmax));
    b.emit('fake_quant_backward', x.offset, dy, steps, scales, zeros, ...size, ...range, bits(gain));
  });
  return { scales, zeros, count };
}

/** [outer, channels, inner] around the channel axis. */
function sizes(x: Slot, q: FakeQuant, count: number, name: string): readonly [number, number, number] {
  const total = elementCount(x.shape);
  if (count === 1) return [1, 1, total];
  const axis = q.axis ?? 0;
  if (x.shape[axis] !== count) {
    throw new Error(`${count} scales for axis ${axis} of ${name}, which has shape [${x.shape.join(', ')}]`);
  }
  return [elementCount(x.shape.slice(0, axis)), count, elementCount(x.shape.slice(axis + 1))];
}
