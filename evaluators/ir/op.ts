/**
 * The operators of the intermediate representation: ONNX semantics with the differences between opset versions resolved at
 * import. Everything that ONNX passes as a constant input to steer an operator (axes, shapes, pads, repeats) is an attribute
 * here; inputs are data only. Shapes are NCHW as in ONNX. Flatten, Squeeze and Unsqueeze are `Reshape`; Constant, Shape and
 * the like are folded into initializers; Dropout and Identity disappear.
 *
 * Adding an operator: a member here, a file in ops/, an importer in onnx/, a C kernel or a codegen family; `assertNever`
 * and the registries name every place that is missing.
 */
import type { DType } from './dtype.ts';

/** An activation folded into the producing operator: result = min(max(x, min), max). Relu is {min: 0, max: Infinity}. */
export interface FusedClamp {
  readonly min: number;
  readonly max: number;
}

/** Window of a convolution or pooling over S spatial axes. `pads` = S begins, then S ends, as in ONNX. */
export interface Window {
  readonly kernelShape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

export const UNARY_FUNCTIONS = [
  'Abs',
  'Acos',
  'Acosh',
  'Asin',
  'Asinh',
  'Atan',
  'Atanh',
  'BitwiseNot',
  'Ceil',
  'Celu',
  'Cos',
  'Cosh',
  'Elu',
  'Erf',
  'Exp',
  'Floor',
  'Gelu',
  'HardSigmoid',
  'HardSwish',
  'IsInf',
  'IsNaN',
  'LeakyRelu',
  'Log',
  'Mish',
  'Neg',
  'Not',
  'Reciprocal',
  'Relu',
  'Round',
  'Selu',
  'Shrink',
  'Sigmoid',
  'Sign',
  'Sin',
  'Sinh',
  'Softplus',
  'Softsign',
  'Sqrt',
  'Tan',
  'Tanh',
  'ThresholdedRelu',
] as const;
export type UnaryFunction = (typeof UNARY_FUNCTIONS)[number];

export const BINARY_FUNCTIONS = [
  'Add',
  'And',
  'BitShiftLeft',
  'BitShiftRight',
  'BitwiseAnd',
  'BitwiseOr',
  'BitwiseXor',
  'Div',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Max',
  'Min',
  'Mod',
  'Fmod',
  'Mul',
  'Or',
  'Pow',
  'PRelu',
  'Sub',
  'Xor',
] as const;
export type BinaryFunction = (typeof BINARY_FUNCTIONS)[number];

export const REDUCE_FUNCTIONS = [
  'L1',
  'L2',
  'LogSum',
  'LogSumExp',
  'Max',
  'Mean',
  'Min',
  'Prod',
  'Sum',
  'SumSquare',
] as const;
export type ReduceFunction = (typeof REDUCE_FUNCTIONS)[number];

export type RecurrentDirection = 'forward' | 'reverse' | 'bidirectional';

/** Attributes shared by LSTM, GRU and RNN, with ONNX's meaning; `activations` has its defaults filled in. */
export interface Recurrent {
  readonly hiddenSize: number;
  readonly direction: RecurrentDirection;
  readonly activations: readonly { readonly fn: string; readonly alpha: number; readonly beta: number }[];
  readonly clip: number | null;
  /** true: batch is the first axis (ONNX layout = 1). */
  readonly batchFirst: boolean;
}

/** Float (and plain integer) operators. Inputs in ONNX order; '' marks an absent optional input. */
export type FloatOp =
  /** x [N,C,…], w [M,C/group,…], bias [M]? */
  | ({ readonly kind: 'Conv'; readonly group: number; readonly clamp?: FusedClamp } & Window)
  | ({
      readonly kind: 'ConvTranspose';
      readonly group: number;
      readonly outputPadding: readonly number[];
      readonly clamp?: FusedClamp;
    } & Window)
  /** a, b, c? : alpha · a' · b' + beta · c */
  | {
      readonly kind: 'Gemm';
      readonly alpha: number;
      readonly beta: number;
      readonly transA: boolean;
      readonly transB: boolean;
      readonly clamp?: FusedClamp;
    }
  | { readonly kind: 'MatMul'; readonly clamp?: FusedClamp }
  /** Second output, when present: int64 indices (flat, `storageOrder` as in ONNX). */
  | ({ readonly kind: 'MaxPool'; readonly ceilMode: boolean; readonly storageOrder: 0 | 1 } & Window)
  | ({ readonly kind: 'AveragePool'; readonly ceilMode: boolean; readonly countIncludePad: boolean } & Window)
  | ({ readonly kind: 'LpPool'; readonly p: number; readonly ceilMode: boolean } & Window)
  | { readonly kind: 'GlobalPool'; readonly fn: 'Average' | 'Max' | 'Lp'; readonly p: number }
  /** x, scale, bias, mean, variance */
  | { readonly kind: 'BatchNormalization'; readonly epsilon: number }
  | { readonly kind: 'InstanceNormalization'; readonly epsilon: number }
  | { readonly kind: 'LayerNormalization'; readonly axis: number; readonly epsilon: number }
  | {
      readonly kind: 'GroupNormalization';
      readonly groups: number;
      readonly epsilon: number;
      readonly perChannelScale: boolean;
    }
  | {
      readonly kind: 'LRN';
      readonly alpha: number;
      readonly beta: number;
      readonly bias: number;
      readonly size: number;
    }
  /** `alpha`, `beta`, `gamma` have the meaning and defaults of the ONNX operator `fn`; Gelu: `alpha` 1 = tanh approximation. */
  | { readonly kind: 'Unary'; readonly fn: UnaryFunction; readonly alpha: number; readonly beta: number }
  /** x, min?, max? as scalars */
  | { readonly kind: 'Clip' }
  /** Multidirectional broadcasting, except PRelu (slope broadcasts to x). */
  | { readonly kind: 'Binary'; readonly fn: BinaryFunction; readonly clamp?: FusedClamp }
  | { readonly kind: 'Variadic'; readonly fn: 'Sum' | 'Mean' | 'Max' | 'Min' }
  | { readonly kind: 'Where' }
  | {
      readonly kind: 'Softmax';
      readonly axis: number;
      readonly log: boolean /** opset < 13: normalise over all axes from `axis`. */;
      readonly flatten: boolean;
    }
  | { readonly kind: 'Hardmax'; readonly axis: number; readonly flatten: boolean }
  /** `axes` sorted, non-negative; empty = identity. */
  | {
      readonly kind: 'Reduce';
      readonly fn: ReduceFunction;
      readonly axes: readonly number[];
      readonly keepDims: boolean;
    }
  | {
      readonly kind: 'ArgReduce';
      readonly fn: 'ArgMax' | 'ArgMin';
      readonly axis: number;
      readonly keepDims: boolean;
      readonly selectLast: boolean;
    }
  | {
      readonly kind: 'CumSum';
      readonly axis: number;
      readonly exclusive: boolean;
      readonly reverse: boolean;
      /** The product instead of the sum. */
      readonly product?: boolean;
    }
  | { readonly kind: 'Concat'; readonly axis: number }
  | { readonly kind: 'Split'; readonly axis: number; readonly sizes: readonly number[] }
  /** One entry per axis of the input; `ends` exclusive after clamping; steps may be negative. */
  | {
      readonly kind: 'Slice';
      readonly starts: readonly number[];
      readonly steps: readonly number[];
      readonly sizes: readonly number[];
    }
  /** `pads` = begins then ends, one per axis; negative = crop. The optional second input is the scalar fill value. */
  | { readonly kind: 'Pad'; readonly mode: 'constant' | 'reflect' | 'edge' | 'wrap'; readonly pads: readonly number[] }
  | { readonly kind: 'Reshape'; readonly shape: readonly number[] }
  | { readonly kind: 'Transpose'; readonly perm: readonly number[] }
  | { readonly kind: 'Expand'; readonly shape: readonly number[] }
  | { readonly kind: 'Tile'; readonly repeats: readonly number[] }
  | { readonly kind: 'Gather'; readonly axis: number }
  | { readonly kind: 'GatherElements'; readonly axis: number }
  | { readonly kind: 'GatherND'; readonly batchDims: number }
  | {
      readonly kind: 'ScatterElements';
      readonly axis: number;
      readonly reduction: 'none' | 'add' | 'mul' | 'max' | 'min';
    }
  | { readonly kind: 'ScatterND'; readonly reduction: 'none' | 'add' | 'mul' | 'max' | 'min' }
  | { readonly kind: 'DepthToSpace'; readonly blockSize: number; readonly mode: 'DCR' | 'CRD' }
  | { readonly kind: 'SpaceToDepth'; readonly blockSize: number }
  | {
      readonly kind: 'Resize';
      readonly mode: 'nearest' | 'linear' | 'cubic';
      readonly coordinates: string;
      readonly nearestMode: string;
      readonly cubicA: number;
      readonly excludeOutside: boolean;
      readonly antialias: boolean;
      readonly extrapolationValue: number;
      /** One per axis. */
      readonly scales: readonly number[];
      readonly roi: readonly number[];
      readonly shape: readonly number[];
    }
  /** x [N,C,…], grid [N,…,axes] */
  | {
      readonly kind: 'GridSample';
      readonly mode: 'nearest' | 'linear' | 'cubic';
      readonly padding: 'zeros' | 'border' | 'reflection';
      readonly alignCorners: boolean;
    }
  /** x [N,C,H,W], rois [R,4], batchIndices [R] */
  | {
      readonly kind: 'RoiAlign';
      readonly mode: 'avg' | 'max';
      readonly halfPixel: boolean;
      readonly outHeight: number;
      readonly outWidth: number;
      /** Points of a bin along each axis; 0: as many as it is long. */
      readonly samplingRatio: number;
      readonly scale: number;
    }
  /** x, w, offset, bias?, mask? over two spatial axes */
  | ({ readonly kind: 'DeformConv'; readonly group: number; readonly offsetGroup: number } & Window)
  | { readonly kind: 'OneHot'; readonly axis: number; readonly depth: number }
  | {
      readonly kind: 'TopK';
      readonly axis: number;
      readonly k: number;
      readonly largest: boolean;
      readonly sorted: boolean;
    }
  | { readonly kind: 'Trilu'; readonly upper: boolean; readonly k: number }
  | { readonly kind: 'Cast'; readonly to: DType; readonly saturate: boolean }
  /** x, w, r, bias?, sequenceLens?, initialH?, initialC?, peepholes? */
  | ({ readonly kind: 'LSTM'; readonly inputForget: boolean } & Recurrent)
  | ({ readonly kind: 'GRU'; readonly linearBeforeReset: boolean } & Recurrent)
  | ({ readonly kind: 'RNN' } & Recurrent);

/**
 * Integer operators, with the input order of ONNX (QLinearConv, QLinearMatMul …) or com.microsoft (QGemm, QLinearAdd …).
 * Scales and zero points are initializers. `clamp` is in the integer units of the output (an activation folded in).
 */
export type IntegerOp =
  /** x, scale, zeroPoint? ; `blockSize` 0 = per tensor or per axis. */
  | { readonly kind: 'QuantizeLinear'; readonly axis: number; readonly blockSize: number; readonly to: DType }
  | { readonly kind: 'DequantizeLinear'; readonly axis: number; readonly blockSize: number }
  | { readonly kind: 'DynamicQuantizeLinear' }
  /** x, xScale, xZero, w, wScale, wZero, yScale, yZero, bias? (int32, scale xScale · wScale) */
  | ({ readonly kind: 'QLinearConv'; readonly group: number; readonly clamp?: FusedClamp } & Window)
  /** a, aScale, aZero, b, bScale, bZero, yScale, yZero */
  | { readonly kind: 'QLinearMatMul'; readonly clamp?: FusedClamp }
  /** a, aScale, aZero, b, bScale, bZero, bias?, yScale, yZero */
  | {
      readonly kind: 'QGemm';
      readonly alpha: number;
      readonly transA: boolean;
      readonly transB: boolean;
      readonly clamp?: FusedClamp;
    }
  /** a, aScale, aZero, b, bScale, bZero, yScale, yZero */
  | { readonly kind: 'QLinearBinary'; readonly fn: 'Add' | 'Mul'; readonly clamp?: FusedClamp }
  /** x, xScale, xZero, yScale, yZero; the function in float between dequantize and quantize, one table entry per input value. */
  | { readonly kind: 'QLinearUnary'; readonly fn: UnaryFunction; readonly alpha: number; readonly beta: number }
  /** x (8 bits), table [256] (8 bits) by the bits of x */
  | { readonly kind: 'Lookup' }
  | { readonly kind: 'QLinearSoftmax'; readonly axis: number }
  /** x, xScale, xZero, yScale, yZero */
  | ({ readonly kind: 'QLinearAveragePool'; readonly ceilMode: boolean; readonly countIncludePad: boolean } & Window)
  | { readonly kind: 'QLinearGlobalAveragePool' }
  | { readonly kind: 'QLinearReduceMean'; readonly axes: readonly number[]; readonly keepDims: boolean }
  /** yScale, yZero, then x, xScale, xZero for each input */
  | { readonly kind: 'QLinearConcat'; readonly axis: number }
  /** a, b, aZero?, bZero? -> int32 */
  | { readonly kind: 'MatMulInteger' }
  | ({ readonly kind: 'ConvInteger'; readonly group: number } & Window);

export type Op = FloatOp | IntegerOp;
export type OpKind = Op['kind'];
export type OpOf<K extends OpKind> = Extract<Op, { readonly kind: K }>;

/** Compile-time proof that a switch over `kind` is complete. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
