/**
 * Parameters and multiply-accumulates as what they are, a quadratic function of the widths w of the dependency groups (a layer costs
 * inputs × outputs): c + Σ b_g w_g + Σ_{g ≤ h} a_gh w_g w_h. Its coefficients follow from (G² + 3 G) / 2 + 1 costs; after that any of millions of choices is looked at in
 * no time.
 */

export interface QuadraticCost {
  /** Coefficients of group g's own width, the widths of the others being `widths`: f(w) = constant + linear · w + square · w². */
  alone(
    widths: readonly number[],
    g: number,
  ): { readonly constant: number; readonly linear: number; readonly square: number };
  of(widths: readonly number[]): number;
}

/** Shares of the widths at which the function is checked. */
const CHECKS = [0.3, 0.6, 0.85];
const TOLERANCE = 1e-6;

class Quadratic implements QuadraticCost {
  readonly #constant: number;
  readonly #linear: Float64Array;
  /** [G, G], upper triangle. */
  readonly #products: Float64Array;

  constructor(constant: number, linear: Float64Array, products: Float64Array) {
    this.#constant = constant;
    this.#linear = linear;
    this.#products = products;
  }

  #product(g: number, h: number): number {
    return this.#products[Math.min(g, h) * this.#linear.length + Math.max(g, h)];
  }

  of(widths: readonly number[]): number {
    let sum = this.#constant;
    for (let g = 0; g < widths.length; g++) {
      sum += this.#linear[g] * widths[g];
      for (let h = g; h < widths.length; h++) sum += this.#product(g, h) * widths[g] * widths[h];
    }
    return sum;
  }

  alone(widths: readonly number[], g: number) {
    let linear = this.#linear[g];
    for (let h = 0; h < widths.length; h++) if (h !== g) linear += this.#product(g, h) * widths[h];
    return { constant: this.of(widths.with(g, 0)), linear, square: this.#product(g, g) };
  }
}

/** From differences at the full widths (at least 1 each); null where `cost` is no such function. */
export function quadraticCost(
  sizes: readonly number[],
  cost: (widths: readonly number[]) => number,
): QuadraticCost | null {
  const count = sizes.length;
  const whole = cost(sizes);
  const less = (...groups: readonly number[]): number[] =>
    sizes.map((size, g) => size - groups.filter((each) => each === g).length);
  const products = new Float64Array(count * count);
  const first = sizes.map((size, g) => (size > 1 ? whole - cost(less(g)) : 0));
  for (let g = 0; g < count; g++) {
    if (sizes[g] < 2) continue;
    // f(w) - 2 f(w-1) + f(w-2) = 2 a_gg
    if (sizes[g] > 2) products[g * count + g] = (2 * first[g] - (whole - cost(less(g, g)))) / 2;
    for (let h = g + 1; h < count; h++) {
      if (sizes[h] < 2) continue;
      products[g * count + h] = first[g] + first[h] - (whole - cost(less(g, h)));
    }
  }
  const linear = new Float64Array(count);
  for (let g = 0; g < count; g++) {
    // f(w) - f(w-1) = b_g + Σ_h a_gh w_h + a_gg (2 w_g - 1)
    linear[g] = first[g] - products[g * count + g] * (2 * sizes[g] - 1);
    for (let h = 0; h < count; h++) {
      if (h !== g) linear[g] -= products[Math.min(g, h) * count + Math.max(g, h)] * sizes[h];
    }
  }
  const constant = whole - new Quadratic(0, linear, products).of(sizes);
  const result = new Quadratic(constant, linear, products);
  const agrees = CHECKS.every((share) => {
    const widths = sizes.map((size, g) => Math.max(1, Math.round(size * (g % 2 === 0 ? share : 1 - share / 2))));
    return Math.abs(result.of(widths) - cost(widths)) <= TOLERANCE * whole;
  });
  return agrees ? result : null;
}
