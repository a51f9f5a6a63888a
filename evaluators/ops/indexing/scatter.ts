/** Writing updates into a copy of a tensor, with the reductions that the Scatter operators share. */
import type { TypedArray } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { isBigIntArray } from '../elements.ts';

export type Reduction = OpOf<'ScatterND'>['reduction'];

function combine<T extends number | bigint>(old: T, update: T, reduction: Reduction): number | bigint {
  switch (reduction) {
    case 'none':
      return update;
    case 'max':
      return update > old ? update : old;
    case 'min':
      return update < old ? update : old;
    default:
      if (typeof old === 'bigint' && typeof update === 'bigint')
        return reduction === 'add' ? old + update : old * update;
      return reduction === 'add' ? Number(old) + Number(update) : Number(old) * Number(update);
  }
}

/** A copy of `data` with updates[i] combined into element at(i). */
export function scatter(data: Tensor, updates: Tensor, at: (i: number) => number, reduction: Reduction): Tensor {
  const result: TypedArray = data.data.slice();
  const source: TypedArray = updates.data;
  for (let i = 0; i < source.length; i++) {
    const position = at(i);
    if (isBigIntArray(result) && isBigIntArray(source)) {
      const value = combine(result[position], source[i], reduction);
      if (typeof value === 'bigint') result[position] = value;
    } else if (!isBigIntArray(result) && !isBigIntArray(source)) {
      result[position] = Number(combine(result[position], source[i], reduction));
    }
  }
  return { dtype: data.dtype, shape: data.shape, data: result } as Tensor;
}
