/** What became of one evaluation. Completed and infeasible outcomes teach the optimizer; failed ones are retried and never taught. */

export type Provenance = 'simulated' | 'modelled' | 'measured';

export interface Metric {
  readonly mean: number;
  readonly stderr?: number;
  readonly n?: number;
  readonly provenance: Provenance;
}

/** Metric name (with its unit: accuracy, romBytes, ramBytes, macs, flops, latencyUs, energyUj) -> value. */
export type Metrics = Readonly<Record<string, Metric>>;

/** A file that an evaluation produced; `sha256` names its content in the artifact store. */
export interface Artifact {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export type Outcome =
  | { readonly kind: 'completed'; readonly metrics: Metrics; readonly artifacts: readonly Artifact[] }
  /** Does not fit, not accurate enough, diverged. Metrics known before the verdict are kept. */
  | { readonly kind: 'infeasible'; readonly reason: string; readonly metrics: Metrics }
  /** Ended on the caller's word while it trained, before its metrics were known; those that do not depend on training are kept. */
  | { readonly kind: 'stopped'; readonly reason: string; readonly metrics: Metrics }
  | { readonly kind: 'failed'; readonly error: string; readonly retryable: boolean };
