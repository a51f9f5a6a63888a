/** A search space: its parameters. (Encoding, keys and parameter constraints grow here.) */
import type { Parameter } from './parameter.ts';

export interface SearchSpace {
  readonly parameters: readonly Parameter[];
}
