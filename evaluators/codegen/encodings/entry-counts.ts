/**
 * What the time of decoding and of border windows depends on beside shapes (`Step.counts`): how many weights are stored, how many fields and
 * bits the decoder goes through, and how many weights stand at each tap of a window.
 */
import type { EncodedMatrix } from './encode-matrix.ts';
import type { CodedPlaces } from './weight-matrix.ts';

/** Name of the count of weights at a tap [kernel_h × kernel_w, row-major]. */
export function entriesAt(tap: number): string {
  return `tap ${tap}`;
}

/** Fields of codings by gaps, escapes included; bits of a bitmap up to the last one set in each byte. */
function decodedFields({ coding, counts, stream, entries }: CodedPlaces): number {
  if (coding === 'bitmap') return (stream ?? new Uint8Array()).reduce((sum, byte) => sum + 32 - Math.clz32(byte), 0);
  return counts === null ? entries.columns.length : counts.reduce((sum, count) => sum + count, 0);
}

/** `taps`: places of the window, 0 for products. */
export function entryCounts({ places }: EncodedMatrix, columns: number, taps: number): Record<string, number> {
  const counts: Record<string, number> = {
    entries: places.entries.columns.length,
    fields: decodedFields(places),
  };
  for (let tap = 0; tap < taps; tap++) counts[entriesAt(tap)] = 0;
  if (taps === 0) return counts;
  const depth = columns / taps;
  for (const column of places.entries.columns) {
    const name = entriesAt(Math.floor(column / depth));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
