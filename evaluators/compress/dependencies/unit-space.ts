/**
 * Units are the things that can be removed: one output channel of a convolution, one neuron, one hidden unit of a recurrent
 * layer. Units that can only go together are joined (union-find); units that must stay are frozen with a reason.
 */
export class UnitSpace {
  readonly #parent: number[] = [];
  readonly #frozen = new Map<number, string>();

  get size(): number {
    return this.#parent.length;
  }

  /** `count` new units. */
  create(count: number): Int32Array {
    const first = this.#parent.length;
    for (let i = 0; i < count; i++) this.#parent.push(first + i);
    return Int32Array.from({ length: count }, (_, i) => first + i);
  }

  find(unit: number): number {
    let root = unit;
    while (this.#parent[root] !== root) root = this.#parent[root];
    for (let at = unit; at !== root; ) {
      const next = this.#parent[at];
      this.#parent[at] = root;
      at = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    const [x, y] = [this.find(a), this.find(b)];
    if (x === y) return;
    const [root, child] = x < y ? [x, y] : [y, x];
    this.#parent[child] = root;
    const reason = this.#frozen.get(child);
    if (reason !== undefined && !this.#frozen.has(root)) this.#frozen.set(root, reason);
  }

  freeze(unit: number, reason: string): void {
    const root = this.find(unit);
    if (!this.#frozen.has(root)) this.#frozen.set(root, reason);
  }

  /** Why a unit must stay; undefined when it may go. */
  frozen(unit: number): string | undefined {
    return this.#frozen.get(this.find(unit));
  }
}

/** The unit of each position along an axis; null = the axis cannot shrink. */
export type AxisUnits = Int32Array | null;
export type ValueUnits = readonly AxisUnits[];
