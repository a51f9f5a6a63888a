/** What every bench returns: our figure, the peer's, and their ratio (> 1 = ours is better), printed as one JSON object. */

export interface BenchResult {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** Who is compared, with version and source; null where nobody offers the capability. */
  readonly peer: string | null;
  readonly peerFigure: number | null;
  /** Ours against the peer's, oriented so that above 1 is better for us; null without a peer. */
  readonly ratio: number | null;
  readonly details: unknown;
}

export interface BenchOptions {
  readonly args: readonly string[];
  readonly json: boolean;
}

export interface Bench {
  run(options: BenchOptions): Promise<BenchResult>;
}

/** Value of `--name VALUE` in `args`, or `fallback`. */
export function option(args: readonly string[], name: string, fallback: string): string {
  const at = args.indexOf(`--${name}`);
  return at >= 0 ? (args[at + 1] ?? fallback) : fallback;
}

/** Middle value of a non-empty list (mean of the two middle ones when even). */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
