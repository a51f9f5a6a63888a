/**
 * Modelled cycles of a weighted layer, plain and encoded, for the choice between encodings: c = rows · row + fields · field +
 * entries · entry + entries · pixels · product. Figures come from the virtual boards (bench `sparse`).
 */
import type { CpuCore } from '../../board-spec.ts';
import { modelledCore } from '../predict/size-model.ts';
import type { EncodedMatrix } from './encode-matrix.ts';
import type { ValueCodingName, WeightMatrix } from './weight-matrix.ts';

interface CoreCycles {
  /** One product of a plain kernel: of the reference, of the best. */
  readonly referenceInt8: number;
  readonly plainInt8: number;
  readonly plainFloat: number;
  /** One product of an encoded kernel. */
  readonly productInt8: number;
  readonly productFloat: number;
  /** Setting out on a row. */
  readonly row: number;
  /** Reading one place, one value; a bit of a bitmap. */
  readonly place: number;
  readonly value: number;
  readonly codedValue: number;
  readonly bit: number;
}

const CYCLES: { readonly [C in 'cortex-m0plus' | 'cortex-m4f']: CoreCycles } = {
  'cortex-m0plus': {
    referenceInt8: 21,
    plainInt8: 4,
    plainFloat: 140,
    productInt8: 11,
    productFloat: 150,
    row: 150,
    place: 11,
    value: 10,
    codedValue: 24,
    bit: 6,
  },
  'cortex-m4f': {
    referenceInt8: 13,
    plainInt8: 1.3,
    plainFloat: 4,
    productInt8: 5,
    productFloat: 5,
    row: 100,
    place: 8,
    value: 7,
    codedValue: 15,
    bit: 4,
  },
};

const SLOW_VALUES: ReadonlySet<ValueCodingName> = new Set(['s4', 'code_s8', 'code_f32', 'f16', 'huffman_s8']);

/** `tuned`: there is a kernel for the core that takes the plain weights. */
export function plainCycles(
  core: CpuCore,
  { rows, columns, values }: WeightMatrix,
  pixels: number,
  tuned: boolean,
): number {
  const { plainInt8, referenceInt8, plainFloat } = CYCLES[modelledCore(core)];
  const product = values instanceof Float32Array ? plainFloat : tuned ? plainInt8 : referenceInt8;
  return rows * columns * pixels * product;
}

/** `pixels`: how often each row is used for one decoding. */
export function encodedCycles(core: CpuCore, matrix: WeightMatrix, encoded: EncodedMatrix, pixels: number): number {
  const cycles = CYCLES[modelledCore(core)];
  const entries = encoded.places.entries.columns.length;
  const fields = encoded.places.coding === 'bitmap' ? matrix.rows * matrix.columns * cycles.bit : 0;
  const value = SLOW_VALUES.has(encoded.values.coding) ? cycles.codedValue : cycles.value;
  const product = matrix.values instanceof Int8Array ? cycles.productInt8 : cycles.productFloat;
  return matrix.rows * cycles.row + fields + entries * (cycles.place + value + pixels * product);
}
