/** Calls of the float kernels for cores with an FPU of 32 registers (Cortex-M4F). They sum in the order of the reference kernels. */
import { type FloatConvolution, floatFields, orderedWeights } from './float-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';

/** Output channels, and pixels, of one tile. */
const TILE = 4;

/** [block of 4 channels][k][channel] of weights [channels][length], zeros behind the last channel. */
function packTiles(weights: Float32Array, channels: number, length: number): Float32Array {
  const packed = new Float32Array(Math.ceil(channels / TILE) * TILE * length);
  for (let c = 0; c < channels; c++) {
    const start = Math.floor(c / TILE) * TILE * length + (c % TILE);
    for (let k = 0; k < length; k++) packed[start + k * TILE] = weights[c * length + k];
  }
  return packed;
}

/** Convolution without groups, of one image. Zeros stand for what lies outside of it: weights must be finite. */
export const convolutionFpu: KernelCandidate<FloatConvolution> = {
  takes: (layer) => layer.groups === 1 && layer.window.batch === 1 && orderedWeights(layer).every(Number.isFinite),
  call: (lowering, layer) => {
    const { x, y, channels, length } = layer;
    const elements = Math.ceil(channels / TILE) * TILE * length;
    const weights = lowering.constant('w', 'float', elements, () => packTiles(orderedWeights(layer), channels, length));
    const scratch = lowering.scratch('float', TILE * length + TILE * TILE);
    lowering.call({
      kernel: 'dnnrt_conv2d_f32_fpu',
      params: {
        struct: 'dnnrt_conv2d_f32_t',
        fields: { ...floatFields(lowering, layer), weights: { constant: weights } },
      },
      args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'float' }],
      reads: lowering.reads(x),
      writes: [y.buffer, scratch],
    });
  },
};
