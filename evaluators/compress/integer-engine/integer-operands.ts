/** What the lowering of every integer operator needs to know of a node: constants, activations with their addresses, limits, tables. */
import type { Graph, ValueInfo } from '../../ir/graph.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { type Limits, limits, scalar } from '../../ops/integer/requantize.ts';
import { valueInfo } from '../graph-edit.ts';
import type { EngineMemory } from './engine-memory.ts';

export interface Lowering {
  readonly graph: Graph;
  readonly memory: EngineMemory;
  readonly batch: number;
  /** Address of a computed value, [batch][bytes of one sample]; undefined for constants. */
  address(name: string): number | undefined;
}

export function constant(l: Lowering, name: string | undefined): Tensor | undefined {
  return name === undefined || name === '' ? undefined : l.graph.initializers.get(name);
}

/** 1 for int8, 0 for uint8, null for anything else. */
export function signedness(info: ValueInfo): 0 | 1 | null {
  return info.dtype === 'int8' ? 1 : info.dtype === 'uint8' ? 0 : null;
}

export interface Activation {
  readonly address: number;
  readonly signed: 0 | 1;
  readonly shape: readonly number[];
  readonly count: number;
}

export function activation(l: Lowering, name: string | undefined): Activation | null {
  if (name === undefined || name === '') return null;
  const info = valueInfo(l.graph, name);
  const signed = signedness(info);
  const address = l.address(name);
  return signed === null || address === undefined
    ? null
    : { address, signed, shape: info.shape, count: elementCount(info.shape) };
}

export function outputLimits(y: Activation, clamp?: Parameters<typeof limits>[1]): Limits {
  return limits(y.signed === 1 ? 'int8' : 'uint8', clamp);
}

/** f32(scale · (q - zero)) of every q, by value or by the byte's bits. Inputs: x, scale, zero. */
export function dequantizeTable(
  l: Lowering,
  inputs: readonly string[],
  signed: 0 | 1,
  bitOrder: boolean,
): Float32Array {
  const scale = scalar(constant(l, inputs[1]), 'scale');
  const zero = scalar(constant(l, inputs[2]), 'zero', 0);
  const table = Float32Array.from({ length: 256 }, (_, i) => scale * (i - (signed ? 128 : 0) - zero));
  return bitOrder && signed ? Float32Array.from({ length: 256 }, (_, byte) => table[(byte + 128) % 256]) : table;
}

/** [h, w] of a window's sizes, with 1-D as one row. */
export function pair(values: readonly number[], fill: number): readonly [number, number] {
  return values.length === 1 ? [fill, values[0]] : [values[0], values[1]];
}

export function planeOf(shape: readonly number[]): readonly [number, number] {
  return shape.length === 3 ? [1, shape[2]] : [shape[2], shape[3]];
}
