/**
 * Pieces of a tensor: T[…, index, …] along one axis, as exporters cut them with Slice, Gather or Split and reshape them afterwards. What counts
 * is the order of the numbers, which reshapes keep.
 */
import { elementCount } from '../ir/tensor.ts';
import { numbersOf } from '../ops/elements.ts';
import type { GraphEditor } from './graph-editor.ts';

export interface Piece {
  readonly tensor: string;
  readonly axis: number;
  readonly index: number;
}

/** The same value before all reshapes. */
export function beforeReshapes(editor: GraphEditor, name: string): string {
  let value = name;
  for (;;) {
    const producer = editor.producerOf(value);
    if (producer?.op.kind !== 'Reshape') return value;
    value = producer.inputs[0];
  }
}

/** The axis along which `sizes` takes one of several elements of `shape` and everything of all other axes. */
function cutAxis(shape: readonly number[], sizes: readonly number[]): number | undefined {
  const cut = shape.flatMap((size, axis) => (sizes[axis] === size ? [] : [axis]));
  return cut.length === 1 && sizes[cut[0]] === 1 ? cut[0] : undefined;
}

/** Which piece of which tensor the value is; undefined when it is none. */
export function pieceOf(editor: GraphEditor, name: string): Piece | undefined {
  const value = beforeReshapes(editor, name);
  const producer = editor.producerOf(value);
  if (producer === undefined) return undefined;
  const { op, inputs, outputs } = producer;
  const [tensor] = inputs;
  switch (op.kind) {
    case 'Slice': {
      const axis = cutAxis(editor.typeOf(tensor).shape, op.sizes);
      return axis === undefined ? undefined : { tensor, axis, index: op.starts[axis] };
    }
    case 'Gather': {
      const indices = editor.constant(inputs[1]);
      const size = editor.typeOf(tensor).shape[op.axis];
      if (indices?.data.length !== 1 || size === 1) return undefined;
      const [index] = numbersOf(indices);
      return { tensor, axis: op.axis, index: index < 0 ? index + size : index };
    }
    case 'Split': {
      const place = outputs.indexOf(value);
      if (op.sizes.length < 2 || op.sizes[place] !== 1) return undefined;
      const index = op.sizes.slice(0, place).reduce((sum, size) => sum + size, 0);
      return { tensor, axis: op.axis, index };
    }
    default:
      return undefined;
  }
}

/** A tensor around one of its axes: sizes before, along and behind it. */
export function aroundAxis(
  shape: readonly number[],
  axis: number,
): { readonly outer: number; readonly length: number; readonly inner: number } {
  return {
    outer: elementCount(shape.slice(0, axis)),
    length: shape[axis],
    inner: elementCount(shape.slice(axis + 1)),
  };
}
