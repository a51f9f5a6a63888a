/**
 * A network as an immutable, topologically sorted list of nodes over named values. Every value has a static type and shape.
 * Passes are functions (graph) -> graph that share unchanged parts.
 */
import type { DType } from './dtype.ts';
import type { Op } from './op.ts';
import type { Tensor } from './tensor.ts';

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface Node<O extends Op = Op> {
  /** Unique in the graph; from the model where it gives one, else made from the first output. */
  readonly name: string;
  readonly op: O;
  /** Value names in the operator's order; '' = absent optional input. */
  readonly inputs: readonly string[];
  /** Value names; '' = unused optional output. */
  readonly outputs: readonly string[];
}

export interface Graph {
  readonly name: string;
  /** Run-time inputs only: initializers are not listed. */
  readonly inputs: readonly ValueInfo[];
  /** Names of values (or of initializers, when an output is constant). */
  readonly outputs: readonly string[];
  /** Topologically sorted: a node comes after the producers of its inputs. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Type and shape of every value: inputs, initializers and all node outputs. */
  readonly values: ReadonlyMap<string, ValueInfo>;
}
