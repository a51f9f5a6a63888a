/**
 * A lowered network: kernel calls over planned buffers and constants. What the C emitter writes down, the size model
 * counts and the cycle model times. Identifiers are the generator's own; names from the model live in `layers` and ports only.
 */
import type { BoardSpec } from '../board-spec.ts';
import type { DType, TypedArray } from '../ir/dtype.ts';
import type { OpKind } from '../ir/op.ts';
import type { MemoryPlan } from '../memory/buffer.ts';
import type { AllowedOverlap } from '../memory/overlap.ts';
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
  /** Copied to RAM at the start of the program; in flash when absent. */
  readonly inRam?: boolean;
}

export type FieldValue =
  | number
  | null
  | readonly number[]
  /** A constant, from element `skip` on (0 when absent); `used`: how many elements of it, all that follow when absent. */
  | { readonly constant: string; readonly skip?: number; readonly used?: number }
  /** The place of a buffer. */
  | { readonly buffer: string }
  /** A function of runtime-c. */
  | { readonly function: string }
  | { readonly fields: Readonly<Record<string, FieldValue>> };

export type Argument =
  /** `skipBytes`: how far behind the start of the buffer the argument points, 0 when absent. */
  | { readonly kind: 'buffer'; readonly id: string; readonly type: ElementType; readonly skipBytes?: number }
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
  /** Present when the step computes one patch of its result. */
  readonly patch?: PatchPlace;
  /** Present when the step runs at the same time as its neighbour in the list: `next` on the second core, `previous` on the first. */
  readonly beside?: 'next' | 'previous';
  /** How often the kernel takes ways that its constants decide on, by name; for the prediction of cycles. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Which call of a loop over patches a step is. */
export interface PatchPlace {
  readonly patch: number;
  /** Place in the body of the loop: calls at one place differ in parameters and pointers only. */
  readonly position: number;
}

/** Layers that run patch by patch: `patches` times a body of `positions` calls. In a patch some of the calls may have nothing to do. */
export interface PatchLoop {
  /** Index of the first step, and one past the last. */
  readonly first: number;
  readonly end: number;
  readonly patches: number;
  readonly positions: number;
  /** Rows of the result that a patch makes; the last may make fewer. */
  readonly rows: number;
  /** Rows that patches share are kept from one to the next, or computed again. */
  readonly keepsRows: boolean;
  /** Buffers that are needed from the first to the last patch. */
  readonly resident: readonly string[];
  /** Results that may lie under what they are made of. */
  readonly overlaps: readonly AllowedOverlap[];
  /** MACs of the loop's layers in excess of those that they have without patches. */
  readonly extraMacs: number;
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

export interface Arena {
  /** Identifier in C. */
  readonly name: string;
  /** Offset of its first byte among those of all arenas. */
  readonly start: number;
  readonly bytes: number;
  /** Section that it must lie in; the usual one when absent. */
  readonly section?: string;
}

export interface PlacedBuffer {
  readonly id: string;
  readonly offset: number;
  readonly bytes: number;
  readonly lower: number;
  readonly upper: number;
}

/** A network as calls whose buffers have no places yet. */
export interface Unplaced {
  readonly steps: readonly Step[];
  readonly layers: readonly Layer[];
  readonly buffers: ReadonlyMap<string, ProgramBuffer>;
  readonly loops: readonly PatchLoop[];
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
  readonly loops: readonly PatchLoop[];
  /** The planned buffers: place and lifetime in steps (0 = inputs are filled in, t + 1 = step t; a loop counts as one pass of its body). */
  readonly placed: readonly PlacedBuffer[];
  /** Static pools that hold all buffers, in the order of their offsets: one, or one in each bank of RAM that is used. */
  readonly arenas: readonly Arena[];
  /** Bytes of all arenas. */
  readonly arenaBytes: number;
  /** Functions of runtime-c that the start of the program copies to RAM; none when absent. */
  readonly codeInRam?: readonly string[];
  /** Whether no buffer had to be left without a bank; true where RAM is one stretch. */
  readonly fitsBanks: boolean;
}
