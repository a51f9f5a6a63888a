/** Reductions, Softmax and its relatives, ArgMax. */
import type { Op, ReduceFunction } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { Converter, ConverterTable, NodeContext } from '../node-context.ts';
import { axesOf } from './layout.ts';

/** `sinceInput`: the opset from which the axes are an input. */
function reduceConverter(fn: ReduceFunction, sinceInput: number): Converter {
  return (c) => {
    const rank = c.rank();
    const keepDims = c.attributes.flag('keepdims', true);
    const nothingWhenEmpty = c.attributes.flag('noop_with_empty_axes', false);
    const given = axesOf(c, rank, sinceInput);
    const all = Array.from({ length: rank }, (_, axis) => axis);
    const axes = given === undefined || given.length === 0 ? (nothingWhenEmpty ? [] : all) : given;
    return c.result({ kind: 'Reduce', fn, axes, keepDims }, [c.input(0, 'data')]);
  };
}

/**
 * Before opset 13 the function ran over all axes from `axis` on, as if they were one: the same as along the last axis of a matrix.
 */
function normalized(c: NodeContext, along: (axis: number) => Op): readonly Value[] {
  const shape = c.shape(0);
  const old = c.opset < 13;
  const axis = normalizeAxis(c.attributes.int('axis', old ? 1 : -1), shape.length);
  const inner = elementCount(shape.slice(axis));
  if (!old || inner === shape[axis]) return c.result(along(axis), c.inputs);
  const matrix = c.step({ kind: 'Reshape', shape: [elementCount(shape.slice(0, axis)), inner] }, c.input(0, 'input'));
  return c.result({ kind: 'Reshape', shape }, [c.step(along(1), matrix)]);
}

function softmaxConverter(log: boolean): Converter {
  return (c) => normalized(c, (axis) => ({ kind: 'Softmax', axis, log, flatten: false }));
}

function argReduce(fn: 'ArgMax' | 'ArgMin'): Converter {
  return (c) => {
    const axis = normalizeAxis(c.attributes.int('axis', 0), c.rank());
    const keepDims = c.attributes.flag('keepdims', true);
    return c.result(
      { kind: 'ArgReduce', fn, axis, keepDims, selectLast: c.attributes.flag('select_last_index', false) },
      c.inputs,
    );
  };
}

function cumulative(c: NodeContext, product: boolean) {
  const axis = normalizeAxis(c.number(1, 'axis'), c.rank());
  const [exclusive, reverse] = [c.attributes.flag('exclusive', false), c.attributes.flag('reverse', false)];
  const op = { kind: 'CumSum', axis, exclusive, reverse, ...(product ? { product } : {}) } as const;
  return c.result(op, [c.input(0, 'x')]);
}

function topK(c: NodeContext) {
  const axis = normalizeAxis(c.attributes.int('axis', -1), c.rank());
  const k = c.opset >= 10 ? c.number(1, 'k') : c.attributes.int('k', 0);
  const [largest, sorted] = [c.attributes.flag('largest', true), c.attributes.flag('sorted', true)];
  return c.result({ kind: 'TopK', axis, k, largest, sorted }, [c.input(0, 'x')]);
}

export const REDUCTION: ConverterTable = {
  ReduceL1: reduceConverter('L1', 18),
  ReduceL2: reduceConverter('L2', 18),
  ReduceLogSum: reduceConverter('LogSum', 18),
  ReduceLogSumExp: reduceConverter('LogSumExp', 18),
  ReduceMax: reduceConverter('Max', 18),
  ReduceMean: reduceConverter('Mean', 18),
  ReduceMin: reduceConverter('Min', 18),
  ReduceProd: reduceConverter('Prod', 18),
  ReduceSum: reduceConverter('Sum', 13),
  ReduceSumSquare: reduceConverter('SumSquare', 18),
  ArgMax: argReduce('ArgMax'),
  ArgMin: argReduce('ArgMin'),
  CumProd: (c) => cumulative(c, true),
  CumSum: (c) => cumulative(c, false),
  Hardmax: (c) => normalized(c, (axis) => ({ kind: 'Hardmax', axis, flatten: false })),
  TopK: topK,
  Softmax: softmaxConverter(false),
  LogSoftmax: softmaxConverter(true),
};
