/**
 * What every operator file in ops/ provides: static shape inference and a plain reference computation. The registries
 * (registry.ts for float operators, integer/integer-registry.ts for quantized ones) map each `kind` to its definition.
 */
import type { DType } from '../ir/dtype.ts';
import type { OpKind, OpOf } from '../ir/op.ts';
import type { Tensor } from '../ir/tensor.ts';

/** Type and shape of a value, without its name. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Inputs are in the operator's order; `undefined` = absent optional input. */
export interface OpDefinition<K extends OpKind> {
  /** One entry per output the operator can produce; callers ignore those their node does not name. */
  readonly inferShape: (op: OpOf<K>, inputs: readonly (TensorType | undefined)[]) => readonly TensorType[];
  /** Reference semantics; never writes to its inputs. */
  readonly run: (op: OpOf<K>, inputs: readonly (Tensor | undefined)[]) => readonly Tensor[];
}

export type OpRegistry<K extends OpKind> = { readonly [P in K]: OpDefinition<P> };
