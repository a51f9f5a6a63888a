/**
 * Operators that only move, select or compare elements: they commute with dequantization, because dequantization is the same
 * increasing function for every element. `integerMovement` gives the operator and extra inputs to use on the integer value.
 */
import type { Node } from '../ir/graph.ts';
import type { Op } from '../ir/op.ts';
import { type Tensor, tensor } from '../ir/tensor.ts';
import type { FusionContext } from './quantized-kernels.ts';
import type { QuantizedValue } from './quantized-value.ts';

const FIRST_INPUT_ONLY = new Set<Op['kind']>([
  'Reshape',
  'Transpose',
  'Slice',
  'Split',
  'Expand',
  'Tile',
  'DepthToSpace',
  'SpaceToDepth',
]);

export interface Movement {
  readonly op: Op;
  readonly inputs: readonly string[];
}

/** A constant of the integer type that stands for `value`, which must be a multiple of the scale within range. */
function fillConstant(context: FusionContext, x: QuantizedValue, like: Tensor | undefined): string {
  const dtype = like?.dtype === 'int8' ? 'int8' : 'uint8';
  const zero = like === undefined ? 0 : Number(like.data[0]);
  const data = dtype === 'int8' ? Int8Array.of(zero) : Uint8Array.of(zero);
  return context.addConstant(`${x.q}_fill`, tensor(dtype, [], data) as Tensor);
}

/** `node` applied to the integer form of its first input; null when the operator is not one of these. */
export function integerMovement(context: FusionContext, node: Node, x: QuantizedValue): Movement | null {
  const { op } = node;
  if (FIRST_INPUT_ONLY.has(op.kind)) return { op, inputs: [x.q] };
  switch (op.kind) {
    case 'Gather':
      return { op, inputs: [x.q, node.inputs[1]] };
    case 'MaxPool':
      return (node.outputs[1] ?? '') === '' ? { op, inputs: [x.q] } : null;
    case 'GlobalPool':
      return op.fn === 'Max' ? { op, inputs: [x.q] } : null;
    case 'Resize':
      return op.mode === 'nearest' ? { op, inputs: [x.q] } : null;
    case 'Pad': {
      if (op.mode !== 'constant') return { op, inputs: [x.q] };
      const fill = node.inputs[1] ?? '';
      const value = fill === '' ? 0 : context.constants.get(fill)?.data[0];
      return Number(value) === 0
        ? { op, inputs: [x.q, fillConstant(context, x, context.constants.get(x.zero))] }
        : null;
    }
    default:
      return null;
  }
}
