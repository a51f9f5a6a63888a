/**
 * A smaller kernel in the same place: along every axis the window of `size` positions with the largest sum of squared weights stays.
 * Pads shrink with it (or the input is cropped), so that the output keeps its size.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import { elementCount } from '../../ir/tensor.ts';
import { sliceAxis } from '../dependencies/remove-structures.ts';
import { biasOf, cannot, constantOf, type Replacement, ReplacementBuilder } from './replacement.ts';

/** First position of the window with the most energy along `axis`; the most central one among equals. */
function bestStart(weights: Float32Array, shape: readonly number[], axis: number, size: number): number {
  const length = shape[axis];
  const inner = elementCount(shape.slice(axis + 1));
  const energy = new Float64Array(length);
  weights.forEach((w, i) => {
    energy[Math.floor(i / inner) % length] += w * w;
  });
  const centre = (length - size) / 2;
  let best = Math.floor(centre);
  const sum = (start: number): number => energy.subarray(start, start + size).reduce((a, b) => a + b, 0);
  for (let start = 0; start + size <= length; start++) {
    const [a, b] = [sum(start), sum(best)];
    if (a > b * (1 + 1e-9) || (a >= b && Math.abs(start - centre) < Math.abs(best - centre))) best = start;
  }
  return best;
}

export function shrinkKernel(graph: Graph, node: Node, size: number, taken: Set<string>): Replacement {
  const { op } = node;
  if (op.kind !== 'Conv') throw cannot(node, `is a ${op.kind}; a smaller kernel is for convolutions`);
  const axes = op.kernelShape.length;
  if (!op.kernelShape.some((length) => length > size)) {
    throw cannot(node, `has a kernel of ${op.kernelShape.join('×')}, which is not larger than ${size}`);
  }
  const weight = constantOf(graph, node, 1);
  let kept = weight;
  const pads = [...op.pads];
  const kernelShape = [...op.kernelShape];
  for (let axis = 0; axis < axes; axis++) {
    const length = op.kernelShape[axis];
    if (length <= size) continue;
    const start = bestStart(weight.data, weight.shape, axis + 2, size);
    kept = sliceAxis(
      kept,
      axis + 2,
      Int32Array.from({ length: size }, (_, i) => start + i),
    ) as typeof weight;
    pads[axis] -= start * op.dilations[axis];
    pads[axes + axis] -= (length - size - start) * op.dilations[axis];
    kernelShape[axis] = size;
  }
  const builder = new ReplacementBuilder(node, taken);
  const source = crop(graph, node, pads, builder);
  const smaller = builder.constant('smaller', kept.shape, kept.data);
  const op2 = { ...op, kernelShape, pads: pads.map((pad) => Math.max(0, pad)) };
  return builder.finish(op2, [source, smaller, ...biasOf(node)]);
}

/** The layer's input without the border that no position of the smaller kernel reads. */
function crop(graph: Graph, node: Node, pads: readonly number[], builder: ReplacementBuilder): string {
  const [source] = node.inputs;
  if (pads.every((pad) => pad >= 0)) return source;
  const shape = graph.values.get(source)?.shape ?? [];
  const axes = pads.length / 2;
  const begin = (axis: number): number => (axis < 2 ? 0 : Math.max(0, -pads[axis - 2]));
  const end = (axis: number): number => (axis < 2 ? 0 : Math.max(0, -pads[axes + axis - 2]));
  const op = {
    kind: 'Slice',
    starts: shape.map((_, axis) => begin(axis)),
    steps: shape.map(() => 1),
    sizes: shape.map((length, axis) => length - begin(axis) - end(axis)),
  } as const;
  return builder.inner('crop', op, [source]);
}
