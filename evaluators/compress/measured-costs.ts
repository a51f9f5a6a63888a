/**
 * Costs that take a compilation each, remembered with their widths. A cost in bytes has steps where kernels come and go: what lies on the other
 * side of a step is known from what was looked at, not from a function of the parameters.
 */
import type { Reachable } from './fit-widths.ts';

interface Looked {
  readonly widths: readonly number[];
  readonly cost: number;
}

export class MeasuredCosts {
  readonly #looked = new Map<string, Looked>();
  readonly #measure: (widths: readonly number[]) => number;

  constructor(measure: (widths: readonly number[]) => number) {
    this.#measure = measure;
  }

  readonly cost = (widths: readonly number[]): number => {
    const key = widths.join();
    const known = this.#looked.get(key) ?? { widths: [...widths], cost: this.#measure(widths) };
    this.#looked.set(key, known);
    return known.cost;
  };

  #nearest(asked: number, isBelow: boolean): Looked | undefined {
    let best: Looked | undefined;
    for (const each of this.#looked.values()) {
      if (isBelow ? each.cost > asked : each.cost < asked) continue;
      if (best === undefined || Math.abs(each.cost - asked) < Math.abs(best.cost - asked)) best = each;
    }
    return best;
  }

  /** The nearest widths on the side of `asked` where `reached` is not. */
  beyond(asked: number, reached: number): readonly number[] | undefined {
    return this.#nearest(asked, reached > asked)?.widths;
  }

  /** The nearest costs that were seen. */
  around(asked: number): Reachable {
    return {
      below: this.#nearest(asked, true)?.cost ?? null,
      above: this.#nearest(asked, false)?.cost ?? null,
    };
  }
}
