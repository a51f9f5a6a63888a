/** A smooth positive part whose tail falls as 1 / x^2 (Ament et al. 2023, "Unexpected improvements to expected improvement", section 4). */

/** width * (softplus(x / width) + 0.1 / (1 + (x / width)^2)) and its derivative. */
export function fatPlus(x: number, width: number): { value: number; slope: number } {
  const t = x / width;
  const soft = t > 0 ? t + Math.log1p(Math.exp(-t)) : Math.log1p(Math.exp(t));
  const logistic = t > 0 ? 1 / (1 + Math.exp(-t)) : Math.exp(t) / (1 + Math.exp(t));
  const tail = 1 / (1 + t * t);
  return { value: width * (soft + 0.1 * tail), slope: logistic - 0.2 * t * tail * tail };
}
