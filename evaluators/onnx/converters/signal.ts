/**
 * Transforms of signals as linear maps with constant matrices: the matrix product and the convolution have fast kernels.
 *
 *   DFT   X[k] = Σ_n x[n] · e^(∓2πi·k·n / N)            one product with [N · parts, K · 2]
 *   STFT  the same behind each step of the signal       one convolution whose filters are windowed waves
 *   MelWeightMatrix                                     constants only
 */
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { tensorOf } from '../../ops/elements.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import { dtypeOfNumber } from '../element-types.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

/** Number of parts that a signal's last axis holds: 1 real, 2 real and imaginary. */
function partsOf(c: NodeContext, parts: number): 1 | 2 {
  if (parts !== 1 && parts !== 2) throw c.fail(`the last axis of the signal has ${parts} numbers, it must have 1 or 2`);
  return parts;
}

/**
 * Entry [n · parts + p][k · 2 + q]: what part p of sample n adds to part q of frequency k, of `length` samples of which `given` are there.
 * `inverse`: the other sign, divided by the length.
 */
function waves(given: number, length: number, parts: 1 | 2, bins: number, inverse: boolean): Float64Array {
  const matrix = new Float64Array(given * parts * bins * 2);
  const scale = inverse ? 1 / length : 1;
  for (let n = 0; n < given; n++) {
    for (let k = 0; k < bins; k++) {
      const angle = ((inverse ? 2 : -2) * Math.PI * ((k * n) % length)) / length;
      const [real, imaginary] = [scale * Math.cos(angle), scale * Math.sin(angle)];
      const row = n * parts * bins * 2 + k * 2;
      matrix[row] = real;
      matrix[row + 1] = imaginary;
      if (parts === 1) continue;
      matrix[row + bins * 2] = -imaginary;
      matrix[row + bins * 2 + 1] = real;
    }
  }
  return matrix;
}

/** Of a complex spectrum of a real signal the first half, of which the rest are the conjugates, to the signal: [K · 2, L]. */
function realInverse(given: number, length: number): Float64Array {
  const matrix = new Float64Array(given * 2 * length);
  for (let k = 0; k < given; k++) {
    const twice = k === 0 || 2 * k === length ? 1 : 2;
    for (let n = 0; n < length; n++) {
      const angle = (2 * Math.PI * ((k * n) % length)) / length;
      matrix[k * 2 * length + n] = (twice / length) * Math.cos(angle);
      matrix[(k * 2 + 1) * length + n] = (-twice / length) * Math.sin(angle);
    }
  }
  return matrix;
}

/** Axis of the transform: an attribute before opset 20, an input since. */
function dftAxis(c: NodeContext, rank: number): number {
  const given = c.opset >= 20 ? (c.inputs[2] === undefined ? -2 : c.number(2, 'axis')) : c.attributes.int('axis', 1);
  const axis = normalizeAxis(given, rank);
  if (axis === rank - 1) throw c.fail('the axis of the transform is the one of real and imaginary parts');
  return axis;
}

function dft(c: NodeContext): readonly Value[] {
  const x = c.input(0, 'input');
  const { shape, dtype } = x.type;
  const rank = shape.length;
  const parts = partsOf(c, shape[rank - 1]);
  const [inverse, oneSided] = [c.attributes.flag('inverse', false), c.attributes.flag('onesided', false)];
  const axis = dftAxis(c, rank);
  const toReal = inverse && oneSided;
  const implied = toReal ? 2 * (shape[axis] - 1) : shape[axis];
  const length = c.inputs[1] === undefined ? implied : c.number(1, 'dft_length');
  if (length < 1) throw c.fail(`a transform of ${length} samples`);
  if (oneSided && !inverse && parts === 2) throw c.fail('only a real signal has a one-sided transform');
  if (toReal && parts === 1) throw c.fail('a one-sided inverse needs real and imaginary parts');
  const bins = oneSided && !inverse ? Math.floor(length / 2) + 1 : length;
  const given = Math.min(shape[axis], toReal ? Math.floor(length / 2) + 1 : length);
  const made = toReal ? 1 : 2;
  const values = toReal ? realInverse(given, length) : waves(given, length, parts, bins, inverse);
  const matrix = c.newConstant('waves', tensorOf({ dtype, shape: [given * parts, bins * made] }, values));
  const perm = [...shape.keys()].filter((each) => each !== axis && each !== rank - 1);
  const order = [...perm, axis, rank - 1];
  const sizes = shape.map((size, i) => (i === axis ? given : size));
  const cut =
    given === shape[axis]
      ? x
      : c.step({ kind: 'Slice', starts: shape.map(() => 0), steps: shape.map(() => 1), sizes }, x);
  const lines = perm.map((each) => shape[each]);
  const flat = c.step(
    { kind: 'Reshape', shape: [elementCount(lines), given * parts] },
    c.step({ kind: 'Transpose', perm: order }, cut),
  );
  const product = c.step({ kind: 'MatMul' }, flat, matrix);
  const spectrum = c.step({ kind: 'Reshape', shape: [...lines, bins, made] }, product);
  const back = [...shape.keys()].map((each) => order.indexOf(each));
  return c.result({ kind: 'Transpose', perm: back }, [spectrum]);
}

function stft(c: NodeContext): readonly Value[] {
  const x = c.input(0, 'signal');
  const [batch, samples, last = 1] = x.type.shape;
  const parts = partsOf(c, last);
  const step = c.number(1, 'frame_step');
  const window = c.optionalConstant(2, 'window');
  const length = c.inputs[3] === undefined ? (window?.data.length ?? 0) : c.number(3, 'frame_length');
  if (length < 1 || length > samples || step < 1)
    throw c.fail(`frames of ${length} samples, ${step} apart, of ${samples}`);
  if (window !== undefined && window.data.length !== length) throw c.fail('the window is as long as a frame');
  const oneSided = c.attributes.flag('onesided', true);
  if (oneSided && parts === 2) throw c.fail('only a real signal has a one-sided transform');
  const bins = oneSided ? Math.floor(length / 2) + 1 : length;
  const matrix = waves(length, length, parts, bins, false);
  const heights = window === undefined ? new Float64Array(length).fill(1) : Float64Array.from(window.data, Number);
  // Filters [bins · 2, parts, length].
  const filters = new Float64Array(matrix.length);
  for (let f = 0; f < bins * 2; f++)
    for (let p = 0; p < parts; p++)
      for (let n = 0; n < length; n++)
        filters[(f * parts + p) * length + n] = matrix[(n * parts + p) * bins * 2 + f] * heights[n];
  const shape = [bins * 2, parts, length];
  const weights = c.newConstant('waves', tensorOf({ dtype: x.type.dtype, shape }, filters));
  const channels = c.step({ kind: 'Reshape', shape: [batch, samples, parts] }, x);
  const signal = c.step({ kind: 'Transpose', perm: [0, 2, 1] }, channels);
  const frames = Math.floor((samples - length) / step) + 1;
  const geometry = { kernelShape: [length], strides: [step], dilations: [1], pads: [0, 0], group: 1 };
  const spectra = c.step({ kind: 'Conv', ...geometry }, signal, weights);
  const turned = c.step({ kind: 'Transpose', perm: [0, 2, 1] }, spectra);
  return c.result({ kind: 'Reshape', shape: [batch, frames, bins, 2] }, [turned]);
}

const toMel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const toHertz = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

/** Triangles of equal width in mel over the bins of a spectrum, as the specification computes them. */
function melWeightMatrix(c: NodeContext): readonly Value[] {
  const [bands, length, rate] = [0, 1, 2].map((i) => c.number(i, ['num_mel_bins', 'dft_length', 'sample_rate'][i]));
  const [low, high] = [toMel(c.number(3, 'lower_edge_hertz')), toMel(c.number(4, 'upper_edge_hertz'))];
  const dtype = dtypeOfNumber(c.attributes.int('output_datatype', 1)) ?? 'float32';
  const rows = Math.floor(length / 2) + 1;
  if (!(bands >= 1 && rows >= 1 && rows * bands <= c.maxElements)) throw c.fail('its sizes make no sense');
  const step = (high - low) / (bands + 2);
  const edges = Array.from({ length: bands + 2 }, (_, i) =>
    Math.floor(((length + 1) * toHertz(low + i * step)) / rate),
  );
  const values = new Float64Array(rows * bands);
  for (let band = 0; band < bands; band++) {
    const [from, centre, to] = edges.slice(band, band + 3);
    if (centre === from) values[centre * bands + band] = 1;
    else for (let row = from; row <= centre; row++) values[row * bands + band] = (row - from) / (centre - from);
    for (let row = centre; row < to; row++) values[row * bands + band] = (to - row) / (to - centre);
  }
  return c.constantResult(tensorOf({ dtype, shape: [rows, bands] }, values) satisfies Tensor);
}

export const SIGNAL: ConverterTable = { DFT: dft, MelWeightMatrix: melWeightMatrix, STFT: stft };
