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
  SpaceToDepth: (c) => c.result({ kind: 'SpaceToDepth', blockSize: blockSizeOf(c) }, c.inputs),
};
