/** Reductions, Softmax and its relatives, ArgMax. */
import type { ReduceFunction } from '../../ir/op.ts';
import { normalizeAxis } from '../../ops/operator.ts';
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

function softmaxConverter(log: boolean): Converter {
  return (c: NodeContext) => {
    const flatten = c.opset < 13;
    const axis = normalizeAxis(c.attributes.int('axis', flatten ? 1 : -1), c.rank());
    return c.result({ kind: 'Softmax', axis, log, flatten }, c.inputs);
  };
}

function hardmax(c: NodeContext) {
  const flatten = c.opset < 13;
  const axis = normalizeAxis(c.attributes.int('axis', flatten ? 1 : -1), c.rank());
  return c.result({ kind: 'Hardmax', axis, flatten }, c.inputs);
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

function cumSum(c: NodeContext) {
  const axis = normalizeAxis(c.number(1, 'axis'), c.rank());
  const [exclusive, reverse] = [c.attributes.flag('exclusive', false), c.attributes.flag('reverse', false)];
  return c.result({ kind: 'CumSum', axis, exclusive, reverse }, [c.input(0, 'x')]);
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
  CumSum: cumSum,
  Hardmax: hardmax,
  TopK: topK,
  Softmax: softmaxConverter(false),
  LogSoftmax: softmaxConverter(true),
};
