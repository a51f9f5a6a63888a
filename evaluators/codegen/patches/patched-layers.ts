/** The loops over patches of a program for a report. */
import type { Program } from '../program.ts';

export interface PatchedLayers {
  /** Node names in the model. */
  readonly layers: readonly string[];
  readonly patches: number;
  /** Rows of the last layer's result in a patch. */
  readonly rows: number;
  /** Rows that two patches need are kept; else they are computed again. */
  readonly keepsRows: boolean;
  /** MACs that are computed again. */
  readonly extraMacs: number;
}

export function patchedLayers({ loops, steps, layers }: Program): PatchedLayers[] {
  return loops.map(({ first, end, patches, rows, keepsRows, extraMacs }) => {
    const own = new Set(steps.slice(first, end).map(({ layer }) => layer));
    return { layers: [...own].map((layer) => layers[layer].name), patches, rows, keepsRows, extraMacs };
  });
}
