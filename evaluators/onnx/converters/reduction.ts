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
  Softmax: softmaxConverter(false),
  LogSoftmax: softmaxConverter(true),
};
