/** Halves of a fully connected layer of one row: each computes some outputs. */
import { nested, numberOf } from '../predict/field-values.ts';
import type { FieldValue, Step } from '../program.ts';
import {
  apart,
  constantPart,
  cuts,
  type Fields,
  type Halves,
  isConstant,
  moved,
  partBytes,
  type Surroundings,
  withFields,
} from './halves.ts';

/** Kernels compute so many outputs at once. */
const BLOCK = 4;

/** The fields of a call for outputs [from, to). */
type TakeOutputs = (from: number, to: number) => Fields;

/** One multiplier stays, of several each half has its own. */
export function requantizePart(fields: Fields, from: number, to: number): FieldValue {
  const members = nested(fields['requantize']);
  if (members === undefined || numberOf(members, 'per_channel') === 0) return fields['requantize'];
  return { fields: { ...members, multiplier: constantPart(members['multiplier'], from, to - from) } };
}

export function byOutputs(step: Step, around: Surroundings): Halves[] {
  const fields = step.params?.fields;
  if (fields === undefined || numberOf(fields, 'rows') !== 1 || !isConstant(fields['weights'])) return [];
  const outputs = numberOf(fields, 'out_n');
  const take = outputsOf(step, fields, around);
  const bytes = partBytes(around, step.args[1], outputs);
  if (take === undefined || bytes === undefined) return [];
  return cuts(outputs, BLOCK).flatMap((cut) => {
    const part = (from: number, to: number): Step => {
      const share = (to - from) / outputs;
      const counts = Object.entries(step.counts ?? {}).map(([name, count]) => [name, share * count]);
      const half = withFields(step, { ...fields, ...take(from, to), out_n: to - from });
      return moved({ ...half, counts: Object.fromEntries(counts) }, new Map([[1, from * bytes]]));
    };
    return apart([part(0, cut), part(cut, outputs)], around, { shared: [0, 1] });
  });
}

function outputsOf(step: Step, fields: Fields, { constants }: Surroundings): TakeOutputs | undefined {
  const length = numberOf(fields, 'in_n');
  const each = (from: number, to: number, lengths: Readonly<Record<string, number>>): Fields =>
    Object.fromEntries(
      Object.entries(lengths).map(([name, elements]) => [
        name,
        constantPart(fields[name], from * elements, (to - from) * elements),
      ]),
    );
  switch (step.kernel) {
    case 'dnnrt_fc_s8_swar': {
      const own = fields['parts'];
      const parts =
        own !== null && typeof own === 'object' && 'constant' in own ? constants.get(own.constant)?.data() : undefined;
      return (from, to) => ({
        ...each(from, to, { weights: Math.ceil(length / 8) * 2, start: 1, table: 2, row_sum: 1 }),
        parts:
          parts === undefined
            ? own
            : constantPart(own, spilled(parts, from), spilled(parts, to) - spilled(parts, from)),
        requantize: requantizePart(fields, from, to),
      });
    }
    case 'dnnrt_fc_s8':
      return (from, to) => ({
        ...each(from, to, { weights: length, bias: 1, weight_zero: numberOf(fields, 'weight_zero_step') }),
        requantize: requantizePart(fields, from, to),
      });
    case 'dnnrt_fc_f32':
      return (from, to) => each(from, to, { weights: length, bias: 1 });
    default:
      return undefined;
  }
}

/** Bytes of the parts of large weights of the outputs before `output`: per output a count in two bytes, then as many pairs. */
function spilled(parts: ArrayLike<number | bigint>, output: number): number {
  let at = 0;
  for (let i = 0; i < output; i++) at += 2 + 2 * ((Number(parts[at]) & 255) + 256 * (Number(parts[at + 1]) & 255));
  return at;
}
