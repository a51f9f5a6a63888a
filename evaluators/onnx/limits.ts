/** Bounds that keep a hostile model from using up memory or time. Generous for anything a microcontroller could run. */

export interface ImportLimits {
  /** Size of the file, bytes. */
  readonly modelBytes: number;
  /** Elements of one value, constant or computed. */
  readonly tensorElements: number;
  /** Elements of all constants that folding creates. */
  readonly foldedElements: number;
  readonly rank: number;
  /** Nodes after inlining functions and unrolling loops. */
  readonly nodes: number;
  /** Nesting of subgraphs and functions. */
  readonly nesting: number;
}

export const DEFAULT_LIMITS: ImportLimits = {
  modelBytes: 512 * 2 ** 20,
  tensorElements: 2 ** 27,
  foldedElements: 2 ** 27,
  rank: 12,
  nodes: 200_000,
  nesting: 32,
};
