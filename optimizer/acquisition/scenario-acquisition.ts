/**
 * The expected gain of a new point with outcome constraints, in log space, over scenarios of what is not known about earlier points (noisy
 * baseline, pending trials; samplers/scenarios.ts). With the gains of log-ehvi.ts this is qLogNEHVI (Daulton, Balandat, Bakshy 2021; Ament
 * et al. 2023), with one difference: the new point is integrated in closed form instead of sampled. Given a scenario s its outputs
 * are independent normals, so
 *   log a(x) = log mean_s exp(gain_s(mu_s(x), sigma(x))) prod_c Phi(-mu_cs(x) / sigma_c(x))^strictness_c.
 * The models of the scenarios share one factorisation (the cached root) and so one variance.
 */
import { inverseMills, normalLogCdf } from '../math/normal.ts';
import type { SearchSpace } from '../space/search-space.ts';
import type { Acquisition, OutputModel, ScenarioGain } from './acquisition.ts';
import type { Candidate } from './candidate.ts';
import { OutputPort } from './output-port.ts';

/** Half the distance of the central differences through known functions, in unit coordinates. */
const KNOWN_STEP = 1e-4;

export class ScenarioAcquisition implements Acquisition {
  readonly #space: SearchSpace;
  readonly #objectives: readonly OutputPort[];
  readonly #constraints: readonly OutputPort[];
  readonly #gains: readonly ScenarioGain[];
  readonly #mu: Float64Array;
  readonly #sigma: Float64Array;
  readonly #dMu: Float64Array[];
  readonly #dSigma: Float64Array[];
  readonly #logs: Float64Array;

  /** `gains`: one for all scenarios, or one per scenario, or none to maximise the probability of feasibility alone. */
  constructor(
    space: SearchSpace,
    objectives: readonly OutputModel[],
    constraints: readonly OutputModel[],
    gains: readonly ScenarioGain[],
    scenarios: number,
  ) {
    const m = objectives.length;
    this.#space = space;
    this.#objectives = objectives.map((output) => new OutputPort(output, scenarios));
    this.#constraints = constraints.map((output) => new OutputPort(output, scenarios));
    this.#gains = gains;
    this.#mu = new Float64Array(m);
    this.#sigma = new Float64Array(m);
    this.#dMu = Array.from({ length: scenarios }, () => new Float64Array(m));
    this.#dSigma = Array.from({ length: scenarios }, () => new Float64Array(m));
    this.#logs = new Float64Array(scenarios);
  }

  evaluate(candidate: Candidate, gradient?: Float64Array): number {
    const scenarios = this.#logs.length;
    const hasGain = this.#gains.length > 0;
    if (hasGain) for (const port of this.#objectives) port.predict(candidate);
    for (const port of this.#constraints) port.predict(candidate);
    let largest = Number.NEGATIVE_INFINITY;
    for (let s = 0; s < scenarios; s++) {
      let value = this.#logFeasibility(s);
      if (hasGain && value > Number.NEGATIVE_INFINITY) {
        for (let j = 0; j < this.#objectives.length; j++) {
          this.#mu[j] = this.#objectives[j].means[s];
          this.#sigma[j] = this.#objectives[j].sigma;
        }
        const gain = this.#gains[s % this.#gains.length];
        value += gradient
          ? gain.evaluate(this.#mu, this.#sigma, this.#dMu[s], this.#dSigma[s])
          : gain.evaluate(this.#mu, this.#sigma);
      }
      this.#logs[s] = value;
      if (value > largest) largest = value;
    }
    gradient?.fill(0);
    if (largest === Number.NEGATIVE_INFINITY) return largest;
    let sum = 0;
    for (let s = 0; s < scenarios; s++) sum += Math.exp(this.#logs[s] - largest);
    if (gradient) this.#backward(candidate, gradient, largest, sum);
    return largest + Math.log(sum / scenarios);
  }

  #logFeasibility(s: number): number {
    let value = 0;
    for (const port of this.#constraints) {
      const sigma = port.sigma;
      if (sigma === 0) value += port.means[s] > 0 ? Number.NEGATIVE_INFINITY : 0;
      else value += port.strictness * normalLogCdf(-port.means[s] / sigma);
    }
    return value;
  }

  #backward(candidate: Candidate, gradient: Float64Array, largest: number, sum: number): void {
    const ports = this.#gains.length > 0 ? [...this.#objectives, ...this.#constraints] : this.#constraints;
    for (const port of ports) port.clearSlopes();
    for (let s = 0; s < this.#logs.length; s++) {
      const weight = Math.exp(this.#logs[s] - largest) / sum;
      if (weight === 0) continue;
      if (this.#gains.length > 0) {
        this.#objectives.forEach((port, j) => {
          port.meanSlopes[s] += weight * this.#dMu[s][j];
          port.sigmaSlope += weight * this.#dSigma[s][j];
        });
      }
      for (const port of this.#constraints) {
        const sigma = port.sigma;
        if (sigma === 0) continue;
        const z = -port.means[s] / sigma;
        const slope = port.strictness * inverseMills(z);
        port.meanSlopes[s] -= (weight * slope) / sigma;
        port.sigmaSlope -= (weight * slope * z) / sigma;
      }
    }
    for (const port of ports) port.backward(candidate, gradient);
    this.#backwardDerived(candidate, ports, gradient);
  }

  /** Known functions have no gradient of their own: central differences along the active continuous coordinates. */
  #backwardDerived(candidate: Candidate, ports: readonly OutputPort[], gradient: Float64Array): void {
    const space = this.#space;
    const shifts = ports.flatMap(({ shift, shiftSlope }) => {
      return shift === undefined ? [] : [{ shift, weight: shiftSlope }];
    });
    if (shifts.length === 0) return;
    const D = space.dimensions.length;
    for (let d = 0; d < D; d++) {
      if (space.dimensions[d].kind !== 'continuous' || Number.isNaN(candidate.row[d])) continue;
      const unit = candidate.unit.slice();
      const high = Math.min(1, candidate.unit[d] + KNOWN_STEP);
      const low = Math.max(0, candidate.unit[d] - KNOWN_STEP);
      unit[d] = high;
      const above = space.decode(unit);
      unit[d] = low;
      const below = space.decode(unit);
      let difference = 0;
      for (const { shift, weight } of shifts) difference += weight * (shift(above) - shift(below));
      gradient[d] += difference / (high - low);
    }
  }
}
