/** The engine's kernels by number, in the order of engine/kernels.def (a test compares the two). */

export const KERNELS = [
  'gemm',
  'fill',
  'copy',
  'gather',
  'scatter',
  'unary',
  'unary_backward',
  'clamp_backward',
  'binary',
  'binary_backward',
  'axpy',
  'channel_sum',
  'depthwise',
  'depthwise_weights',
  'max_pool',
  'max_pool_backward',
  'average_pool',
  'average_pool_backward',
  'reduce',
  'reduce_backward',
  'batch_statistics',
  'normalize',
  'normalize_backward',
  'softmax',
  'softmax_backward',
  'cross_entropy',
  'momentum_update',
  'multiply',
  'fake_quant',
  'fake_quant_backward',
  'adam_update',
  'squared_norm',
  'squared_error',
  'binary_cross_entropy',
  'lstm_cell',
  'lstm_cell_backward',
  'gru_cell',
  'gru_cell_backward',
  'gru_reset',
  'gru_blend',
  'gru_blend_backward',
  'gru_reset_backward',
  'sparse',
  'sparse_backward',
  'scale',
  'frame',
] as const;
export type Kernel = (typeof KERNELS)[number];

const NUMBER: ReadonlyMap<Kernel, number> = new Map(KERNELS.map((name, index) => [name, index]));

/** The word that calls `kernel`. */
export function kernelNumber(kernel: Kernel): number {
  return NUMBER.get(kernel) ?? -1;
}

const FLOAT = new Float32Array(1);
const WORD = new Int32Array(FLOAT.buffer);

/** A float as an argument word. */
export function bits(value: number): number {
  FLOAT[0] = value;
  return WORD[0];
}
