/** One ONNX node to be written: what an operator of the IR becomes. */
import type { Tensor } from '../../ir/tensor.ts';

export type AttributeValue =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export interface NodeSpec {
  readonly opType: string;
  readonly domain?: 'com.microsoft';
  /** Least version of the standard operator set; 18 when left out. */
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Constant inputs by position; they come on top of the operator's own inputs. */
  readonly constants?: ReadonlyMap<number, Tensor>;
}

export const int = (value: number | boolean): AttributeValue => ({ type: 'int', value: Number(value) });
export const float = (value: number): AttributeValue => ({ type: 'float', value });
export const text = (value: string): AttributeValue => ({ type: 'string', value });
export const ints = (value: readonly number[]): AttributeValue => ({ type: 'ints', value });
export const floats = (value: readonly number[]): AttributeValue => ({ type: 'floats', value });
export const texts = (value: readonly string[]): AttributeValue => ({ type: 'strings', value });

/** A one-dimensional int64 constant. */
export function int64List(values: readonly number[]): Tensor {
  return { dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) } satisfies Tensor<'int64'>;
}

export function int64Scalar(value: number): Tensor {
  return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) } satisfies Tensor<'int64'>;
}
