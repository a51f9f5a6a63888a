/** Gather, Scatter and their relatives, OneHot, Compress. */
import { numbersOf } from '../../ops/elements.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import { badAttribute } from '../attributes.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

const REDUCTIONS = ['none', 'add', 'mul', 'max', 'min'] as const;

function axisOf(c: NodeContext, fallback = 0): number {
  return normalizeAxis(c.attributes.int('axis', fallback), c.rank());
}

function scatterElements(c: NodeContext) {
  const reduction = c.attributes.choice('reduction', REDUCTIONS, 'none');
  return c.result({ kind: 'ScatterElements', axis: axisOf(c), reduction }, c.inputs);
}

/** Inputs of ONNX: indices, depth, values. */
function oneHot(c: NodeContext) {
  const depth = c.number(1, 'depth');
  const axis = normalizeAxis(c.attributes.int('axis', -1), c.rank() + 1);
  return c.result({ kind: 'OneHot', axis, depth }, [c.input(0, 'indices'), c.input(2, 'values')]);
}

/** Rows chosen by a condition that has to be known: a Gather. */
function compress(c: NodeContext) {
  const condition = numbersOf(c.constant(1, 'condition'));
  const indices: bigint[] = [];
  condition.forEach((value, i) => {
    if (value !== 0) indices.push(BigInt(i));
  });
  const chosen = c.newConstant('chosen', {
    dtype: 'int64',
    shape: [indices.length],
    data: BigInt64Array.from(indices),
  });
  const axis = c.attributes.optionalInt('axis');
  if (axis !== undefined)
    return c.result({ kind: 'Gather', axis: normalizeAxis(axis, c.rank()) }, [c.input(0, 'input'), chosen]);
  const total = c.shape(0).reduce((product, size) => product * size, 1);
  return c.result({ kind: 'Gather', axis: 0 }, [
    c.step({ kind: 'Reshape', shape: [total] }, c.input(0, 'input')),
    chosen,
  ]);
}

function depthToSpace(c: NodeContext) {
  const mode = c.attributes.choice('mode', ['DCR', 'CRD'], 'DCR');
  return c.result({ kind: 'DepthToSpace', blockSize: blockSizeOf(c), mode }, c.inputs);
}

function blockSizeOf(c: NodeContext): number {
  const size = c.attributes.int('blocksize', 0);
  if (size < 1) throw badAttribute('blocksize', 'must be at least 1');
  return size;
}

/** Block positions before channels, or (CRD) behind them. */
function spaceToDepth(c: NodeContext) {
  const blockSize = blockSizeOf(c);
  const mode = c.opset >= 28 ? c.attributes.choice('mode', ['DCR', 'CRD'], 'DCR') : 'DCR';
  const [n, depth, h, w] = c.shape(0);
  const fits = c.rank() === 4 && h % blockSize === 0 && w % blockSize === 0;
  if (mode === 'DCR' || !fits) return c.result({ kind: 'SpaceToDepth', blockSize }, c.inputs);
  const [rows, columns] = [h / blockSize, w / blockSize];
  const split = [n, depth, rows, blockSize, columns, blockSize];
  const blocks = c.step({ kind: 'Reshape', shape: split }, c.input(0, 'input'));
  const turned = c.step({ kind: 'Transpose', perm: [0, 1, 3, 5, 2, 4] }, blocks);
  return c.result({ kind: 'Reshape', shape: [n, depth * blockSize * blockSize, rows, columns] }, [turned]);
}

export const INDEXING: ConverterTable = {
  Gather: (c) => c.result({ kind: 'Gather', axis: axisOf(c) }, c.inputs),
  GatherElements: (c) => c.result({ kind: 'GatherElements', axis: axisOf(c) }, c.inputs),
  GatherND: (c) => c.result({ kind: 'GatherND', batchDims: c.attributes.int('batch_dims', 0) }, c.inputs),
  Scatter: (c) => {
    if (c.opset >= 11) throw c.unsupported('Scatter no longer exists since opset 11', 'Use ScatterElements.');
    return scatterElements(c);
  },
  ScatterElements: scatterElements,
  ScatterND: (c) =>
    c.result({ kind: 'ScatterND', reduction: c.attributes.choice('reduction', REDUCTIONS, 'none') }, c.inputs),
  OneHot: oneHot,
  Compress: compress,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
