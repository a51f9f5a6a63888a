/** Bounds that keep a hostile model from using up memory or time. Generous for anything a microcontroller could run. */

export interface ImportLimits {
  /** Size of the file, bytes. */
  readonly modelBytes: number;
  /** Elements of one value, constant or computed. */
  readonly tensorElements: number;
  /** Elements of all constants that folding creates. */
  readonly foldedElements: number;
  /** Elementary operations that folding may take, all together. */
  readonly foldingWork: number;
  readonly rank: number;
  /** Nodes looked at, those of inlined functions and unrolled loops included. */
  readonly nodes: number;
  /** Nesting of subgraphs and functions. */
  readonly nesting: number;
}

export const DEFAULT_LIMITS: ImportLimits = {
  modelBytes: 512 * 2 ** 20,
  tensorElements: 2 ** 26,
  foldedElements: 2 ** 26,
  foldingWork: 2 ** 31,
  rank: 12,
  nodes: 200_000,
  nesting: 32,
};
