/** A pass: a rewriting of graphs that keeps what they compute. */
import type { Graph } from '../ir/graph.ts';

export interface Pass {
  readonly name: string;
  /** One sentence for the documentation and dumps. */
  readonly purpose: string;
  readonly run: (graph: Graph) => Graph;
}
