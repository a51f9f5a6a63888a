/**
 * A lowered network: kernel calls over planned buffers and constants. What the C emitter writes down, the size model
 * counts and the cycle model times. Identifiers are the generator's own; names from the model live in `layers` and ports only.
 */
import type { BoardSpec } from '../board-spec.ts';
import type { DType, TypedArray } from '../ir/dtype.ts';
import type { OpKind } from '../ir/op.ts';
import type { MemoryPlan } from '../memory/buffer.ts';
import type { StructName } from './kernels/kernel-table.ts';

/** C types of elements as the kernels see them. */
export type ElementType =
  | 'float'
  | 'double'
  | 'int8_t'
  | 'uint8_t'
  | 'int16_t'
  | 'uint16_t'
  | 'int32_t'
  | 'uint32_t'
  | 'int64_t'
  | 'uint64_t';

export interface ProgramBuffer {
  /** `l3_y`, `in0`, `l3_scratch`. */
  readonly id: string;
  readonly type: ElementType;
  readonly elements: number;
  readonly bytes: number;
  readonly alignment: number;
}

export interface ProgramConstant {
  /** `l3_w`. */
  readonly id: string;
  readonly type: ElementType;
  readonly elements: number;
  readonly bytes: number;
  /** The packed elements; made on demand, so that sizes are known without packing. */
  readonly data: () => TypedArray;
  /** How weights are encoded, for reports: `dense`, `crs8` … */
  readonly encoding: string;
}

export type FieldValue =
  | number
  | null
  | readonly number[]
  | { readonly constant: string }
  /** The place of a buffer. */
  | { readonly buffer: string }
  /** A function of runtime-c. */
  | { readonly function: string }
  | { readonly fields: Readonly<Record<string, FieldValue>> };

export type Argument =
  | { readonly kind: 'buffer'; readonly id: string; readonly type: ElementType }
  | { readonly kind: 'constant'; readonly id: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'null' };

/** One call: kernel(&params, arguments…), or kernel(arguments…) without a structure. */
export interface Step {
  /** `l3`, or `l3_1` for a second call of the same layer. */
  readonly id: string;
  readonly kernel: string;
  readonly params?: { readonly struct: StructName; readonly fields: Readonly<Record<string, FieldValue>> };
  readonly args: readonly Argument[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Index into `layers`. */
  readonly layer: number;
  /** Buffers of `reads` into which the result may be written: the kernel reads each element before it writes it. */
  readonly inPlace: readonly string[];
}

export interface Layer {
  /** `l3`. */
  readonly id: string;
  /** Node name in the model: user text, never written to C. */
  readonly name: string;
  readonly op: OpKind;
  readonly macs: number;
  readonly flops: number;
}

export interface Port {
  /** `in0`, `out1`. */
  readonly id: string;
  /** Value name in the model: user text, never written to C. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly elements: number;
  readonly bytes: number;
  /** Buffer that holds it. */
  readonly buffer: string;
}

export interface PlacedBuffer {
  readonly id: string;
  readonly offset: number;
  readonly bytes: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Program {
  /** Prefix of the two functions and of the files. */
  readonly prefix: string;
  readonly board: BoardSpec;
  readonly steps: readonly Step[];
  readonly layers: readonly Layer[];
  readonly buffers: readonly ProgramBuffer[];
  readonly constants: readonly ProgramConstant[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Buffer id -> id of the buffer whose place it shares. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly memory: MemoryPlan;
  /** The planned buffers: place and lifetime in steps (0 = inputs are filled in, t + 1 = step t). */
  readonly placed: readonly PlacedBuffer[];
  /** Bytes of the one static pool that holds all buffers. */
  readonly arenaBytes: number;
}
