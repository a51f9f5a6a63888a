/** Sequences of tensors whose length is known when the model is read: lists in the importer, nothing at run time. */
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { Converter, ConverterTable, NodeContext } from '../node-context.ts';

function listOf(c: NodeContext, index: number): readonly Value[] {
  const parts = c.inputs[index]?.sequence;
  if (parts === undefined) throw c.fail(`input ${index} is not a sequence`);
  return parts;
}

function sequence(parts: readonly Value[]): readonly Value[] {
  return [{ name: '', type: { dtype: 'float32', shape: [] }, sequence: parts }];
}

/** A position in a list of `length`; negative ones count from the end. */
function positionOf(c: NodeContext, index: number, length: number): number {
  return normalizeAxis(c.number(index, 'position'), length);
}

function insert(c: NodeContext) {
  const parts = listOf(c, 0);
  const given = c.inputs[2] === undefined ? parts.length : c.number(2, 'position');
  // Behind the last element is legal, but negative positions count from the last element itself.
  const at = given === parts.length ? given : normalizeAxis(given, parts.length);
  return sequence(parts.toSpliced(at, 0, c.input(1, 'tensor')));
}

function erase(c: NodeContext) {
  const parts = listOf(c, 0);
  return sequence(parts.toSpliced(c.inputs[1] === undefined ? parts.length - 1 : positionOf(c, 1, parts.length), 1));
}

function at(c: NodeContext): readonly Value[] {
  const parts = listOf(c, 0);
  return [parts[positionOf(c, 1, parts.length)]];
}

function splitToSequence(c: NodeContext) {
  const axis = normalizeAxis(c.attributes.int('axis', 0), c.rank());
  const size = c.shape(0)[axis];
  const given = c.optionalIntegers(1, 'split');
  const keepDims = c.attributes.flag('keepdims', true) || given !== undefined;
  const chunk = given === undefined ? 1 : given[0];
  const isList = given !== undefined && c.shape(1).length === 1;
  if (!isList && !(chunk >= 1)) throw c.fail('the chunk size must be at least 1');
  const sizes = isList
    ? given
    : Array.from({ length: Math.ceil(size / chunk) }, (_, i) => Math.min(chunk, size - i * chunk));
  const parts = c.steps({ kind: 'Split', axis, sizes }, sizes.length, c.input(0, 'input'));
  if (keepDims) return sequence(parts);
  return sequence(parts.map((part) => c.step({ kind: 'Reshape', shape: part.type.shape.toSpliced(axis, 1) }, part)));
}

function concatFromSequence(c: NodeContext) {
  const parts = listOf(c, 0);
  if (parts.length === 0) throw c.fail('the sequence is empty');
  const newAxis = c.attributes.flag('new_axis', false);
  const axis = normalizeAxis(c.attributes.int('axis', 0), parts[0].type.shape.length + (newAxis ? 1 : 0));
  const stacked = newAxis
    ? parts.map((part) => c.step({ kind: 'Reshape', shape: part.type.shape.toSpliced(axis, 0, 1) }, part))
    : parts;
  return c.result({ kind: 'Concat', axis }, stacked);
}

const length: Converter = (c) =>
  c.constantResult({ dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(listOf(c, 0).length)) });

export const SEQUENCES: ConverterTable = {
  SequenceConstruct: (c) => sequence(c.inputs.map((_, i) => c.input(i, 'tensor'))),
  SequenceEmpty: (c) => {
    c.attributes.ignore('dtype');
    return sequence([]);
  },
  SequenceInsert: insert,
  SequenceErase: erase,
  SequenceAt: at,
  SequenceLength: length,
  SplitToSequence: splitToSequence,
  ConcatFromSequence: concatFromSequence,
};
