/**
 * What the blob form has more than the usual one before it is compiled: the loader, and for each call with constants a copy of its
 * parameter structure whose pointers are set. The coefficients were fitted to what gcc 12 makes of the reference models; the compiler
 * dissolves some structures, so parts of them count as code.
 */
import type { CpuCore } from '../../board-spec.ts';
import { structLayout } from '../kernels/kernel-table.ts';
import type { FieldValue, Program, Step } from '../program.ts';
import { modelledCore } from './size-model.ts';

interface Coefficients {
  readonly loader: number;
  /** Of the structures that are copied. */
  readonly word: number;
  readonly longCopy: number;
  readonly pointer: number;
}

const COEFFICIENTS: { readonly [C in 'cortex-m0plus' | 'cortex-m4f']: Coefficients } = {
  'cortex-m0plus': { loader: 270, word: 2.9, longCopy: 19.5, pointer: 14 },
  'cortex-m4f': { loader: 190, word: 3.3, longCopy: 29, pointer: 13.5 },
};

/** Structures above this are copied by a call. */
const LONG_BYTES = 48;

/** The pointer to the blob in use. */
export const BLOB_POINTER_BYTES = 4;

function pointersIn(value: FieldValue | undefined): number {
  if (value === undefined || value === null || typeof value !== 'object') return 0;
  if ('constant' in value) return 1;
  return 'fields' in value ? Object.values(value.fields).reduce((sum: number, each) => sum + pointersIn(each), 0) : 0;
}

function pointersOf({ params }: Step): number {
  return Object.values(params?.fields ?? {}).reduce((sum: number, value) => sum + pointersIn(value), 0);
}

export interface BlobSize {
  /** Loader, copies and pointers. */
  readonly codeBytes: number;
  /** Structures that are no longer constants of their own. */
  readonly copiedBytes: number;
}

export function blobSize({ steps }: Program, core: CpuCore): BlobSize {
  const { loader, word, longCopy, pointer } = COEFFICIENTS[modelledCore(core)];
  let [copiedBytes, long, pointers] = [0, 0, 0];
  for (const step of steps) {
    const own = pointersOf(step);
    if (own === 0 || step.params === undefined) continue;
    const { size } = structLayout(step.params.struct);
    pointers += own;
    copiedBytes += size;
    if (size > LONG_BYTES) long++;
  }
  const code = loader + (word * copiedBytes) / 4 + longCopy * long + pointer * pointers;
  return { codeBytes: Math.round(code / 4) * 4, copiedBytes };
}
