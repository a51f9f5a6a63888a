/**
 * Layers of 4-bit weights at the speed of 8-bit ones: convolutions unpack theirs into RAM, in whatever order and form their kernel reads them,
 * once for the whole image; products of one row multiply as they read.
 */
import { PAIR_WORDS } from '../kernels/requantize-table.ts';
import type { Call, Lowering } from '../lowering.ts';
import type { FieldValue, Step } from '../program.ts';
import type { WeightMatrix } from './weight-matrix.ts';

/** Unpacked weights may take this share of the board's RAM. */
const RAM_SHARE = 1 / 6;

/** As dnnrt_unpack_s4 numbers them. */
const FORMS = { bytes: 0, flipped: 1, pairs: 2 } as const;
type NibbleForm = keyof typeof FORMS;

const isNibble = (value: number): boolean => value >= -8 && value <= 7;

/** The packed bytes, or null when some value of this form has more than four bits. */
function packAs(form: NibbleForm, words: Int32Array | Int8Array): Uint8Array | null {
  const bytes = new Int8Array(words.buffer, words.byteOffset, words.byteLength);
  const packed = new Uint8Array(bytes.length >> 1);
  const flip = form === 'flipped' ? 0x80 : 0;
  for (let i = 0; i < packed.length; i++) {
    const a = ((bytes[2 * i] ^ flip) << 24) >> 24;
    const upper = ((bytes[2 * i + 1] ^ flip) << 24) >> 24;
    // In a pair a negative a borrows from the byte above.
    const b = form === 'pairs' && a < 0 ? upper + 1 : upper;
    if (!isNibble(a) || !isNibble(b)) return null;
    packed[i] = (a & 15) | ((b & 15) << 4);
  }
  return packed;
}

/** Whether weights may be unpacked at once. */
export function mayUnpack(lowering: Lowering, matrix: WeightMatrix): boolean {
  return matrix.values.length <= lowering.board.ramBytes * RAM_SHARE;
}

/** Stores the weights of the calls made since step `from` in four bits and unpacks them before each; a call whose form is unknown stays. */
export function unpackBefore(lowering: Lowering, from: number): void {
  for (const step of lowering.steps.splice(from)) {
    const weights = step.params?.fields['weights'];
    const constant = weights !== null && typeof weights === 'object' && 'constant' in weights ? weights.constant : '';
    const data = constant === '' ? undefined : lowering.constantData(constant);
    const isPacked = data instanceof Int32Array || data instanceof Int8Array;
    const packed = isPacked ? (packInAnyForm(data) ?? packStream(step, data)) : undefined;
    lowering.steps.push(packed === undefined ? step : unpackedStep(lowering, step, constant, packed));
  }
}

type Packed =
  | { readonly kind: 'plain'; readonly form: NibbleForm; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly pairs: number; readonly ends: Int32Array; readonly bytes: Uint8Array };

function packInAnyForm(data: Int32Array | Int8Array): Packed | undefined {
  if (data.byteLength % 2 !== 0) return undefined;
  for (const form of ['bytes', 'flipped', 'pairs'] as const) {
    const bytes = packAs(form, data);
    if (bytes !== null) return { kind: 'plain', form, bytes };
  }
  return undefined;
}

/** Words before and behind the weights of each pair of channels in the stream of dnnrt_conv2d_s8_dsp. */
const BEFORE = 2;
const BESIDE = PAIR_WORDS.sharedInt16;

/** The nibbles of the weights, and the words beside them. */
function packStream({ kernel, params }: Step, data: Int32Array | Int8Array): Packed | undefined {
  const channels = params?.fields['out_c'];
  if (kernel !== 'dnnrt_conv2d_s8_dsp' || typeof channels !== 'number' || !(data instanceof Int32Array))
    return undefined;
  const pairs = Math.ceil(channels / 2);
  const stored = data.length / pairs;
  const weights = new Int32Array(pairs * (stored - BESIDE));
  const ends = new Int32Array(pairs * BESIDE);
  for (let pair = 0; pair < pairs; pair++) {
    const words = data.subarray(pair * stored, (pair + 1) * stored);
    const behind = BEFORE + stored - BESIDE;
    weights.set(words.subarray(BEFORE, behind), pair * (stored - BESIDE));
    ends.set(words.subarray(0, BEFORE), pair * BESIDE);
    ends.set(words.subarray(behind), pair * BESIDE + BEFORE);
  }
  const bytes = packAs('pairs', weights);
  return bytes === null ? undefined : { kind: 'stream', pairs, ends, bytes };
}

function unpackedStep(lowering: Lowering, step: Step, constant: string, packed: Packed): Step {
  lowering.dropConstant(constant);
  const { bytes } = packed;
  const id = lowering.constant('w', 'uint8_t', bytes.length, () => bytes, 'int4');
  const ends = packed.kind === 'stream' ? packed.ends : new Int32Array();
  const buffer = lowering.scratch('int32_t', Math.ceil(bytes.length / 2) + ends.length);
  const target = { kind: 'buffer', id: buffer, type: 'int32_t' } as const;
  const number = (value: number) => ({ kind: 'integer', value }) as const;
  const call =
    packed.kind === 'plain'
      ? {
          kernel: 'dnnrt_unpack_s4',
          args: [number(bytes.length), number(FORMS[packed.form]), { kind: 'constant', id } as const, target],
        }
      : {
          kernel: 'dnnrt_unpack_pairs_s4',
          args: [
            number(packed.pairs),
            number(bytes.length / 2 / packed.pairs),
            { kind: 'constant', id } as const,
            { kind: 'constant', id: lowering.constant('e', 'int32_t', ends.length, () => ends) } as const,
            target,
          ],
        };
  lowering.call({ ...call, reads: [], writes: [buffer] });
  const { params } = step;
  if (params === undefined) return step;
  const fields: Record<string, FieldValue> = { ...params.fields, weights: { buffer } };
  return { ...step, params: { ...params, fields }, reads: [...step.reads, buffer] };
}

/** dnnrt_fc_s4 for a product of one row with symmetric weights; undefined when it cannot compute the layer. */
export function int4Product(lowering: Lowering, call: Call, weights: string, matrix: WeightMatrix): Call | undefined {
  const { params } = call;
  if (params?.struct !== 'dnnrt_fc_s8_t' || params.fields['rows'] !== 1 || params.fields['weight_zero'] !== null) {
    return undefined;
  }
  const { rows, columns, values } = matrix;
  const bias = biasOf(lowering, params.fields['bias']);
  const folded = Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += values[i];
    return Number(bias?.[row] ?? 0) - Number(params.fields['x_zero']) * sum;
  });
  if (folded.some((value) => value !== Math.trunc(value) || Math.abs(value) > 2 ** 31 - 1)) return undefined;
  lowering.dropConstant(weights);
  const nibble = (row: number, column: number) => (row < rows ? values[row * columns + column] & 15 : 0);
  const packed = Uint8Array.from({ length: Math.ceil(rows / 2) * columns }, (_, i) => {
    const [pair, column] = [Math.floor(i / columns), i % columns];
    return nibble(2 * pair, column) | (nibble(2 * pair + 1, column) << 4);
  });
  const w = lowering.constant('w', 'uint8_t', packed.length, () => packed, 'int4');
  const old = params.fields['bias'];
  if (old !== null && typeof old === 'object' && 'constant' in old) lowering.dropConstant(old.constant);
  const b = lowering.constant('b', 'int32_t', rows, () => Int32Array.from(folded));
  const fields = { ...params.fields, x_zero: 0, weights: { constant: w }, bias: { constant: b } };
  return { ...call, kernel: 'dnnrt_fc_s4', params: { ...params, fields } };
}

function biasOf(lowering: Lowering, value: FieldValue | undefined) {
  return value !== null && typeof value === 'object' && 'constant' in value
    ? lowering.constantData(value.constant)
    : undefined;
}
