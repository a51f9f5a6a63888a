/**
 * Gives a call of a reference kernel with constant weights its encoded form, where that is smaller: sparse, 4-bit, shared or half-precision
 * weights. Results are the same to the last bit.
 */
import type { StructName } from '../kernels/kernel-table.ts';
import type { Call, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { chooseEncoding, ENCODING_GOALS } from './choose-encoding.ts';
import { type EncodedMatrix, encodingName, encodings } from './encode-matrix.ts';
import { entryCounts } from './entry-counts.ts';
import { int4Product, mayUnpack, unpackBefore } from './int4-layers.ts';
import type { CodedPlaces, PlaceCodingName, WeightMatrix } from './weight-matrix.ts';

type Fields = Readonly<Record<string, FieldValue>>;

interface EncodedKernel {
  readonly kernel: string;
  readonly struct: StructName;
  readonly convolution: boolean;
  /** Weights [taps][rows] instead of [rows][columns]. */
  readonly depthwise: boolean;
}

const int8 = { kernel: 'dnnrt_conv2d_encoded_s8', struct: 'dnnrt_conv2d_encoded_s8_t', convolution: true } as const;
const float = { kernel: 'dnnrt_conv2d_encoded_f32', struct: 'dnnrt_conv2d_encoded_f32_t', convolution: true } as const;

const ENCODED: Readonly<Record<string, EncodedKernel>> = {
  dnnrt_conv2d_s8: { ...int8, depthwise: false },
  dnnrt_depthwise2d_s8: { ...int8, depthwise: true },
  dnnrt_conv2d_f32: { ...float, depthwise: false },
  dnnrt_depthwise2d_f32: { ...float, depthwise: true },
  dnnrt_fc_s8: {
    kernel: 'dnnrt_fc_encoded_s8',
    struct: 'dnnrt_fc_encoded_s8_t',
    convolution: false,
    depthwise: false,
  },
  dnnrt_fc_f32: {
    kernel: 'dnnrt_fc_encoded_f32',
    struct: 'dnnrt_fc_encoded_f32_t',
    convolution: false,
    depthwise: false,
  },
};

/**
 * Makes the call with its weights in the form that was asked for: encoded, or as they are, then by `tuned` when the core has a kernel for
 * such weights.
 */
export function callWithWeights(lowering: Lowering, plain: Call, tuned?: () => void): void {
  const choice = chosenFor(lowering, plain, tuned !== undefined);
  const isInt4 = choice?.encoded.places.coding === 'all' && choice.encoded.values.coding === 's4';
  const unpack = isInt4 && choice.kernel.convolution && mayUnpack(lowering, choice.matrix);
  if (choice !== undefined && !unpack) {
    const product = isInt4 ? int4Product(lowering, plain, choice.weights, choice.matrix) : undefined;
    lowering.call(product ?? encodedCall(lowering, plain, choice));
    return;
  }
  const from = lowering.steps.length;
  if (tuned === undefined) lowering.call(plain);
  else {
    for (const value of Object.values(plain.params?.fields ?? {})) {
      const constant = constantOf(value);
      if (constant !== undefined) lowering.dropConstant(constant);
    }
    tuned();
  }
  if (unpack) unpackBefore(lowering, from);
}

interface Choice {
  readonly kernel: EncodedKernel;
  /** The plain constant. */
  readonly weights: string;
  readonly matrix: WeightMatrix;
  readonly encoded: EncodedMatrix;
  /** How often each row is used for one decoding. */
  readonly pixels: number;
}

/** Undefined when the weights are best left as they are. */
function chosenFor(lowering: Lowering, call: Call, tuned: boolean): Choice | undefined {
  const kernel = ENCODED[call.kernel];
  const weights = constantOf(call.params?.fields['weights']);
  if (lowering.weights === 'dense' || kernel === undefined || weights === undefined || call.params === undefined) {
    return undefined;
  }
  const { fields } = call.params;
  const matrix = matrixOf(lowering, weights, fields, kernel);
  const window = nested(fields['window']);
  // Places of inputs relative to a window are 16-bit numbers.
  if (kernel.convolution && reachOf(window) > 65535) return undefined;
  const pixels = kernel.convolution ? integer(window['out_h']) * integer(window['out_w']) : integer(fields['rows']);
  const goal = ENCODING_GOALS.find((each) => each === lowering.weights);
  const encoded =
    goal !== undefined
      ? chooseEncoding(matrix, {
          core: lowering.board.core,
          pixels,
          tuned,
          goal,
          cyclesPerByte: lowering.cyclesPerByte,
        })
      : smallestWith(matrix, lowering.weights as PlaceCodingName);
  return encoded === null ? undefined : { kernel, weights, matrix, encoded, pixels };
}

function encodedCall(lowering: Lowering, call: Call, choice: Choice): Call {
  const { kernel, weights, matrix, encoded, pixels } = choice;
  lowering.dropConstant(weights);
  const weightFields = { fields: encodedFields(lowering, matrix, encoded) };
  const { weights: _, in_n: __, out_n: ___, ...rest } = call.params?.fields ?? {};
  const window = nested(rest['window']);
  const params = { struct: kernel.struct, fields: { ...rest, weights: weightFields } };
  const taps = kernel.convolution ? integer(window['kernel_h']) * integer(window['kernel_w']) : 0;
  const counts = entryCounts(encoded, matrix.columns, taps);
  const streaming = streamingProduct(kernel, encoded, pixels);
  if (streaming !== undefined) return { ...call, kernel: streaming, params, counts };
  const starts = kernel.convolution ? taps + 1 : 0;
  const row = rowScratch(lowering, encoded, matrix.values instanceof Float32Array, starts);
  return {
    ...call,
    kernel: kernel.kernel,
    params,
    counts,
    args: [...call.args, row],
    writes: [...call.writes, row.id],
    inPlace: [],
  };
}

/** With one coding of places, whatever it costs. */
function smallestWith(matrix: WeightMatrix, places: PlaceCodingName): EncodedMatrix | null {
  const [first, ...others] = encodings(matrix, { places: [places] });
  return first === undefined ? null : others.reduce((best, other) => (other.bytes < best.bytes ? other : best), first);
}

function constantOf(value: FieldValue | undefined): string | undefined {
  return value !== null && typeof value === 'object' && 'constant' in value ? value.constant : undefined;
}

function nested(value: FieldValue | undefined): Fields {
  return value !== null && typeof value === 'object' && 'fields' in value ? value.fields : {};
}

function integer(value: FieldValue | undefined): number {
  return typeof value === 'number' ? value : 1;
}

/** Elements from the first pixel of a window to past its last. */
function reachOf(window: Fields): number {
  const w = (name: string) => integer(window[name]);
  const rows = (w('kernel_h') - 1) * w('dilation_h');
  const columns = (w('kernel_w') - 1) * w('dilation_w');
  return (rows * w('in_w') + columns + 1) * w('in_c');
}

function matrixOf(lowering: Lowering, weights: string, fields: Fields, kernel: EncodedKernel): WeightMatrix {
  const rows = integer(fields[kernel.convolution ? 'out_c' : 'out_n']);
  const data = lowering.constantData(weights) as Int8Array | Float32Array;
  const columns = data.length / rows;
  const zero = constantOf(fields['weight_zero']);
  const zeros = zero === undefined ? undefined : lowering.constantData(zero);
  const step = integer(fields['weight_zero_step'] ?? 0);
  const values = kernel.depthwise ? data.map((_, i) => data[(i % columns) * rows + Math.floor(i / columns)]) : data;
  return { rows, columns, values, zeroOf: (row) => (zeros === undefined ? 0 : Number(zeros[row * step])) };
}

/** Products of one row with plain bytes multiply as they read: there is nothing to gain from a decoded row. */
function streamingProduct(kernel: EncodedKernel, { places, values }: EncodedMatrix, rows: number): string | undefined {
  if (kernel.convolution || values.coding !== 's8' || rows > 1) return undefined;
  return STREAMING.has(places.coding) ? `dnnrt_fc_${places.coding}_s8` : undefined;
}

const STREAMING: ReadonlySet<PlaceCodingName> = new Set(['bitmap', 'crs8', 'crs16', 'delta4']);

/** Room for one decoded row: entries of 4 bytes (int8) or 8 (float), and the first entry of each tap. */
function rowScratch(lowering: Lowering, encoded: EncodedMatrix, isFloat: boolean, starts: number) {
  const elements = encoded.most * (isFloat ? 4 : 2) + starts;
  const id = lowering.scratch('uint16_t', Math.max(1, elements));
  return { kind: 'buffer', id, type: 'uint16_t' } as const;
}

function encodedFields(lowering: Lowering, matrix: WeightMatrix, encoded: EncodedMatrix): Fields {
  const { places, values, countBytes, most } = encoded;
  const name = encodingName(encoded);
  const { stream, table } = values;
  const constant = (role: string, data: typeof stream, encoding?: string) => ({
    constant: lowering.constant(role, data.type, data.data.length, () => data.data, encoding),
  });
  return {
    rows: matrix.rows,
    columns: matrix.columns,
    most,
    read_places: { function: `dnnrt_places_${places.coding}` },
    read_values: { function: `dnnrt_values_${values.coding}` },
    values: constant('w', stream, name),
    places: places.stream === null ? null : constant('p', { type: 'uint8_t', data: places.stream }),
    counts: countConstant(lowering, places, countBytes),
    table: table === null ? null : constant('v', table),
    count_bytes: countBytes,
    place_bits: places.placeBits,
    group_values: places.groupValues,
    value_bits: values.valueBits,
  };
}

function countConstant(lowering: Lowering, { counts }: CodedPlaces, countBytes: number): FieldValue {
  if (counts === null) return null;
  const data = countBytes === 1 ? Uint8Array.from(counts) : Uint16Array.from(counts);
  const type = countBytes === 1 ? 'uint8_t' : 'uint16_t';
  return { constant: lowering.constant('n', type, counts.length, () => data) };
}
