/** Lookup: y = table[x], one entry of 8 bits for each value of x, in the order of its bits read as an unsigned number (0…127, then -128…-1). */
import { allocate } from '../../ir/dtype.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import type { OpDefinition } from '../op-definition.ts';
import type { InputTensors } from '../operator.ts';
import { outputType, quantizedData, required } from './requantize.ts';

function run(_op: { readonly kind: 'Lookup' }, inputs: InputTensors): Tensor[] {
  const x = required(inputs[0], 'Lookup x');
  const table = quantizedData(required(inputs[1], 'Lookup table'), 'Lookup table');
  const dtype = outputType(inputs[1], 'Lookup table');
  const data = quantizedData(x, 'Lookup x');
  const out = allocate(dtype, data.length);
  for (let i = 0; i < data.length; i++) out[i] = table[data[i] & 255];
  return [tensor(dtype, x.shape, out)];
}

export const lookup: OpDefinition<'Lookup'> = {
  inferShape: (_op, inputs) => [
    { dtype: outputType(inputs[1], 'Lookup table'), shape: required(inputs[0], 'Lookup x').shape },
  ],
  run,
};
