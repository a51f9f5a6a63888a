/** Names that are visible in a graph or subgraph, and the values they stand for. */
import type { Value } from './graph-builder.ts';

/** The result of a node that could not be translated: what depends on it is looked at, but not translated. */
export const POISONED = Symbol('poisoned');
export type Binding = Value | typeof POISONED;

export class Scope {
  readonly #bindings = new Map<string, Binding>();
  readonly #parent: Scope | undefined;
  /** Prepended to the names of values and nodes; '' in the main graph. */
  readonly prefix: string;
  readonly depth: number;

  constructor(prefix: string, parent?: Scope, depth = 0) {
    this.prefix = prefix;
    this.#parent = parent;
    this.depth = depth;
  }

  /** A scope for a subgraph, which sees the names of this one. */
  nested(prefix: string): Scope {
    return new Scope(`${this.prefix}${prefix}/`, this, this.depth + 1);
  }

  /** A scope for a function, which sees nothing but its parameters. */
  isolated(prefix: string): Scope {
    return new Scope(`${this.prefix}${prefix}/`, undefined, this.depth + 1);
  }

  bind(name: string, value: Binding): void {
    this.#bindings.set(name, value);
  }

  has(name: string): boolean {
    return this.#bindings.has(name);
  }

  find(name: string): Binding | undefined {
    return this.#bindings.get(name) ?? this.#parent?.find(name);
  }
}
