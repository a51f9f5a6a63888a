/** MaxPool, AveragePool and GlobalPool in one or two spatial dimensions. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf, Window } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { type Builder, UnsupportedTrainingError } from './builder.ts';

interface PoolAxis {
  readonly size: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
}

function axisOf(op: Window & { readonly ceilMode: boolean }, axis: number, size: number): PoolAxis {
  const spatial = op.kernelShape.length;
  const begin = op.pads[axis];
  const end = op.pads[spatial + axis];
  const kernel = op.kernelShape[axis];
  const stride = op.strides[axis];
  const dilation = op.dilations[axis];
  const room = size + begin + end - (kernel - 1) * dilation - 1;
  let out = (op.ceilMode ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  // A window that would start in the end padding is dropped (ONNX and PyTorch agree).
  if (op.ceilMode && (out - 1) * stride >= size + begin) out--;
  return { size, out, kernel, stride, dilation, begin, end };
}

const FLAT: PoolAxis = { size: 1, out: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0 };

function geometry(node: Node<OpOf<'MaxPool'> | OpOf<'AveragePool'>>, shape: readonly number[]) {
  const spatial = node.op.kernelShape.length;
  if (spatial > 2) throw new UnsupportedTrainingError('pooling over 3 axes cannot be trained', node.name);
  const axes = node.op.kernelShape.map((_, i) => axisOf(node.op, i, shape[2 + i]));
  const [row, column] = spatial === 1 ? [FLAT, axes[0]] : [axes[0], axes[1]];
  const planes = shape[0] * shape[1];
  const includePad = node.op.kind === 'AveragePool' && node.op.countIncludePad ? 1 : 0;
  const words = [
    ...[planes, row.size, column.size, row.out, column.out, row.kernel, column.kernel, row.stride, column.stride],
    ...[row.dilation, column.dilation, row.begin, column.begin, includePad, row.end, column.end],
  ];
  const input = row.size * column.size;
  const output = row.out * column.out;
  return { planes, words, input, output, shape: [shape[0], shape[1], ...axes.map((axis) => axis.out)] };
}

export function lowerMaxPool(b: Builder, node: Node<OpOf<'MaxPool'>>): void {
  const x = b.slot(node.inputs[0]);
  const g = geometry(node, x.shape);
  const y = b.define(node.outputs[0], g.shape, x.batchAxis);
  const winners = b.arena.allocate(g.planes * g.output);
  b.emit('max_pool', x.offset, y.offset, winners, ...g.words);
  b.differentiable(node, (dy) => {
    const dx = b.gradient(node.inputs[0]);
    b.emit('max_pool_backward', dy, dx.offset, winners, g.planes, g.input, g.output, dx.accumulate);
  });
}

export function lowerAveragePool(b: Builder, node: Node<OpOf<'AveragePool'>>): void {
  const x = b.slot(node.inputs[0]);
  const g = geometry(node, x.shape);
  const y = b.define(node.outputs[0], g.shape, x.batchAxis);
  b.emit('average_pool', x.offset, y.offset, ...g.words);
  b.differentiable(node, (dy) => b.emit('average_pool_backward', dy, b.gradientSum(node.inputs[0]), ...g.words));
}

const MEAN = 1;
const MAX = 2;

export function lowerGlobalPool(b: Builder, node: Node<OpOf<'GlobalPool'>>): void {
  if (node.op.fn === 'Lp') throw new UnsupportedTrainingError('GlobalLpPool cannot be trained', node.name);
  const fn = node.op.fn === 'Average' ? MEAN : MAX;
  const x = b.slot(node.inputs[0]);
  const planes = x.shape[0] * x.shape[1];
  const inner = elementCount(x.shape) / planes;
  const y = b.define(node.outputs[0], [x.shape[0], x.shape[1], ...x.shape.slice(2).map(() => 1)], x.batchAxis);
  b.emit('reduce', fn, x.offset, y.offset, planes, inner, 1);
  b.differentiable(node, (dy) => {
    b.emit('reduce_backward', fn, x.offset, y.offset, dy, b.gradientSum(node.inputs[0]), planes, inner, 1);
  });
}
