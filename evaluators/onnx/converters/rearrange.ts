/** Operators that only pick and place elements, by way of simpler ones: CenterCropPad, ReverseSequence. */

import { stridesOf } from '../../ir/tensor.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

/** Crops or zero-pads axes around their centre; the odd element goes to the end. */
function centerCropPad(c: NodeContext): readonly Value[] {
  const shape = c.shape(0);
  const axes = (c.attributes.ints('axes') ?? shape.map((_, i) => i)).map((axis) => normalizeAxis(axis, shape.length));
  const wanted = c.integers(1, 'shape');
  if (wanted.length !== axes.length) throw c.fail(`${wanted.length} sizes do not fit ${axes.length} axes`);
  const [starts, sizes, before, after] = [shape.map(() => 0), [...shape], shape.map(() => 0), shape.map(() => 0)];
  axes.forEach((axis, i) => {
    const difference = wanted[i] - shape[axis];
    if (difference < 0) {
      starts[axis] = Math.floor(-difference / 2);
      sizes[axis] = wanted[i];
    } else {
      before[axis] = Math.floor(difference / 2);
      after[axis] = difference - before[axis];
    }
  });
  const cropped = c.step({ kind: 'Slice', starts, steps: shape.map(() => 1), sizes }, c.input(0, 'input'));
  return c.result({ kind: 'Pad', mode: 'constant', pads: [...before, ...after] }, [cropped]);
}

/** Turns the first `lens[b]` steps of each sample around: a Gather from the flattened tensor. */
function reverseSequence(c: NodeContext): readonly Value[] {
  const shape = c.shape(0);
  const [batch, time] = [c.attributes.int('batch_axis', 1), c.attributes.int('time_axis', 0)];
  const lengths = c.integers(1, 'sequence_lens');
  if (batch + time !== 1 || batch * time !== 0 || lengths.length !== shape[batch])
    throw c.fail('batch and time axes must be 0 and 1, with a length for each sample');
  const strides = stridesOf(shape);
  const count = shape.reduce((product, size) => product * size, 1);
  const indices = BigInt64Array.from({ length: count }, (_, i) => {
    const t = Math.floor(i / strides[time]) % shape[time];
    const length = lengths[Math.floor(i / strides[batch]) % shape[batch]];
    return BigInt(t < length ? i + (length - 1 - 2 * t) * strides[time] : i);
  });
  const flat = c.step({ kind: 'Reshape', shape: [count] }, c.input(0, 'input'));
  const order = c.newConstant('order', { dtype: 'int64', shape: [count], data: indices });
  return c.result({ kind: 'Reshape', shape }, [c.step({ kind: 'Gather', axis: 0 }, flat, order)]);
}

export const REARRANGE: ConverterTable = { CenterCropPad: centerCropPad, ReverseSequence: reverseSequence };
