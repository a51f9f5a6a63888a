/** Types and values of single operators, whatever their kind. */
import type { Op, OpKind } from '../ir/op.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { OpDefinition, TensorType } from './op-definition.ts';
import { definitionOf } from './registry.ts';

/** The definition for an operator of unknown kind: the registry guarantees that it fits the operator's own kind. */
function definitionFor(op: Op): OpDefinition<OpKind> {
  return definitionOf(op.kind) as unknown as OpDefinition<OpKind>;
}

/** Types of all outputs that `op` can produce from inputs of these types. Throws when they do not fit. */
export function inferTypes(op: Op, inputs: readonly (TensorType | undefined)[]): readonly TensorType[] {
  return definitionFor(op).inferShape(op, inputs);
}

/** All outputs that `op` can produce. */
export function runOp(op: Op, inputs: readonly (Tensor | undefined)[]): readonly Tensor[] {
  return definitionFor(op).run(op, inputs);
}
