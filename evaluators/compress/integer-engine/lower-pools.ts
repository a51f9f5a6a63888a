/** Maxima and means over windows and axes as steps of the integer engine. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf, Window } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { coversImage, meanMultiplier } from '../../ops/integer/qlinear-pool.ts';
import { scalar } from '../../ops/integer/requantize.ts';
import { valueInfo } from '../graph-edit.ts';
import { floatWord } from './engine-memory.ts';
import {
  type Activation,
  activation,
  constant,
  dequantizeTable,
  type Lowering,
  outputLimits,
  pair,
  planeOf,
} from './integer-operands.ts';

/** The words that describe a window over two axes. */
function windowWords(op: Window, x: Activation, y: Activation): number[] | null {
  if (op.kernelShape.length > 2) return null;
  return [
    x.address,
    y.address,
    x.shape[0] * x.shape[1],
    ...planeOf(x.shape),
    ...pair(op.kernelShape, 1),
    ...pair(op.strides, 1),
    ...pair(op.dilations, 1),
    ...pair(op.pads.slice(0, op.kernelShape.length), 0),
    ...planeOf(y.shape),
    x.signed,
  ];
}

export function lowerMaxPool(l: Lowering, node: Node, op: OpOf<'MaxPool'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  const words = x === null || y === null ? null : windowWords(op, x, y);
  return words === null ? null : l.memory.step('maxPool', words);
}

export function lowerAveragePool(l: Lowering, node: Node, op: OpOf<'QLinearAveragePool'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  if (x === null || y === null) return null;
  if (coversImage(op, x.shape)) return lowerMean(l, node, 2);
  const words = windowWords(op, x, y);
  if (words === null) return null;
  const { low, high } = outputLimits(y);
  const table = dequantizeTable(l, node.inputs, x.signed, false);
  const yScale = scalar(constant(l, node.inputs[3]), 'yScale');
  const yZero = scalar(constant(l, node.inputs[4]), 'yZero', 0);
  return l.memory.step('averagePool', [
    ...words,
    l.memory.place(table),
    op.countIncludePad ? 1 : 0,
    floatWord(yScale),
    yZero,
    low,
    high,
  ]);
}

/** Mean over the axes from `first` on. */
export function lowerMean(l: Lowering, node: Node, first: number): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  if (x === null || y === null) return null;
  const length = elementCount(x.shape.slice(first));
  const [xScale, yScale] = [node.inputs[1], node.inputs[3]].map((name) => scalar(constant(l, name), 'scale'));
  const { low, high } = outputLimits(y);
  return l.memory.step('mean', [
    x.address,
    y.address,
    x.count / length,
    length,
    scalar(constant(l, node.inputs[2]), 'xZero', 0),
    x.signed,
    floatWord(meanMultiplier(xScale, yScale, length)),
    scalar(constant(l, node.inputs[4]), 'yZero', 0),
    low,
    high,
  ]);
}

export function lowerReduceMean(l: Lowering, node: Node, op: OpOf<'QLinearReduceMean'>): number | null {
  const rank = valueInfo(l.graph, node.inputs[0]).shape.length;
  const first = rank - op.axes.length;
  return first >= 1 && op.axes.every((axis, i) => axis === first + i) ? lowerMean(l, node, first) : null;
}
