/** The mean of several acquisitions in log space: log a(x) = log mean_k a_k(x). */
import type { Acquisition } from './acquisition.ts';
import type { Candidate } from './candidate.ts';

export class MixtureAcquisition implements Acquisition {
  readonly #parts: readonly Acquisition[];
  readonly #logs: Float64Array;
  readonly #gradients: Float64Array[];

  constructor(parts: readonly Acquisition[]) {
    this.#parts = parts;
    this.#logs = new Float64Array(parts.length);
    this.#gradients = parts.map(() => new Float64Array(0));
  }

  evaluate(candidate: Candidate, gradient?: Float64Array): number {
    const [parts, logs, gradients] = [this.#parts, this.#logs, this.#gradients];
    if (parts.length === 1) return parts[0].evaluate(candidate, gradient);
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < parts.length; k++) {
      if (gradient !== undefined && gradients[k].length !== gradient.length)
        gradients[k] = new Float64Array(gradient.length);
      logs[k] = parts[k].evaluate(candidate, gradient === undefined ? undefined : gradients[k]);
      largest = Math.max(largest, logs[k]);
    }
    gradient?.fill(0);
    if (largest === Number.NEGATIVE_INFINITY) return largest;
    let sum = 0;
    for (const value of logs) sum += Math.exp(value - largest);
    for (let k = 0; gradient !== undefined && k < parts.length; k++) {
      const weight = Math.exp(logs[k] - largest) / sum;
      if (weight > 0) for (let d = 0; d < gradient.length; d++) gradient[d] += weight * gradients[k][d];
    }
    return largest + Math.log(sum / parts.length);
  }
}
