/** One output's way into an acquisition: predictions per scenario forward, derivatives backward. */
import type { Params } from '../space/parameter.ts';
import type { OutputModel } from './acquisition.ts';
import type { Candidate } from './candidate.ts';

export class OutputPort {
  readonly output: OutputModel;
  /** Mean per scenario at the last point; one deviation for all (0 = exact). */
  readonly means: Float64Array;
  sigma = 0;
  /** Derivatives of the log acquisition in the means and in the deviation. */
  readonly meanSlopes: Float64Array;
  sigmaSlope = 0;

  constructor(output: OutputModel, scenarios: number) {
    this.output = output;
    this.means = new Float64Array(scenarios);
    this.meanSlopes = new Float64Array(scenarios);
  }

  predict(candidate: Candidate): void {
    if (this.output.kind === 'known') {
      this.means.fill(this.output.value(candidate.params));
      return;
    }
    const { model, offset } = this.output;
    model.predict(candidate.row);
    const shift = offset === undefined ? 0 : offset(candidate.params);
    const isShared = model.means.length === 1;
    for (let s = 0; s < this.means.length; s++) this.means[s] = shift + model.means[isShared ? 0 : s];
    this.sigma = Math.sqrt(model.variance);
  }

  clearSlopes(): void {
    this.meanSlopes.fill(0);
    this.sigmaSlope = 0;
  }

  /** The function of the params that shifts this output's mean, if any. */
  get shift(): ((params: Params) => number) | undefined {
    return this.output.kind === 'known' ? this.output.value : this.output.offset;
  }

  /** Power of this constraint's probability. */
  get strictness(): number {
    return this.output.kind === 'known' ? 1 : (this.output.strictness ?? 1);
  }

  /** Sum of the derivatives in the means: the derivative in a common shift. */
  get shiftSlope(): number {
    let sum = 0;
    for (const slope of this.meanSlopes) sum += slope;
    return sum;
  }

  /** Adds the derivatives in the columns of the model row. */
  backward(candidate: Candidate, gradient: Float64Array): void {
    if (this.output.kind === 'known') return;
    const { model } = this.output;
    const weights = model.means.length === 1 ? Float64Array.of(this.shiftSlope) : this.meanSlopes;
    model.backward(candidate.row, weights, this.sigmaSlope / (2 * this.sigma), gradient);
  }
}
